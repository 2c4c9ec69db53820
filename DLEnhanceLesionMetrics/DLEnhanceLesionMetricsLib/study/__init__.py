"""The reader study: study folder, blinded reading, reference standard, statistics, exports and report.

Plain Python on files: nothing here knows Slicer or Qt except ``sceneReading`` (MRML) and ``panelReading`` (Qt).
"""
