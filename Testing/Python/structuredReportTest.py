"""The report read back, by highdicom's templates and independently by walking pydicom's content tree."""

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from DLEnhanceLesionMetricsLib import measurement, regions
from DLEnhanceLesionMetricsLib.edgeRows import EdgeLine, measureLines
from DLEnhanceLesionMetricsLib.lesionSize import lesionSize
from DLEnhanceLesionMetricsLib.structuredReport import writeStructuredReport
from DLEnhanceLib.errors import BadOption, CannotWrite
from DLEnhanceLib.volume import Volume

highdicom = pytest.importorskip("highdicom")

STUDY, FRAME = generate_uid(), generate_uid()
ANGLES = np.linspace(0, 2 * np.pi, 24, endpoint=False)
CURVE = np.c_[20 + 5 * np.cos(ANGLES), 20 + 5 * np.sin(ANGLES), np.full(24, 12.0)]
REGIONS = [
    regions.Region("L1", "lesion", regions.Ellipsoid(regions.translation([12, 14, 15]), (6, 8, 7))),
    regions.Region("L2", "lesion", regions.ClosedCurve(CURVE)),
    regions.Region("L3", "lesion", regions.Box(regions.translation([30, 30, 12]), (6, 6, 6))),
    regions.Region("R1", "reference", regions.sphere([30, 12, 15], 8)),
]


def image(series, number):
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = STUDY, series, FRAME
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate, dataset.PatientSex = "Case^1", "case1", "", "O"
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID, dataset.AccessionNumber = "20250101", "120000", "1", ""
    dataset.ReferringPhysicianName, dataset.Modality, dataset.InstanceNumber = "", "MR", number
    dataset.Rows = dataset.Columns = 48
    return dataset


@pytest.fixture(scope="module")
def measured():
    random = np.random.default_rng(0)
    standard = Volume(random.normal(500, 20, (30, 48, 48)), np.eye(4))
    enhanced = standard.withVoxels(500 + 0.5 * (standard.voxels - 500))
    rows = measurement.measurePair(standard, enhanced, REGIONS, noiseMethods=("tissue_sd", "pooled_sd", "air_sd"))
    sizes = {region.name: lesionSize(region.maskOn(standard), standard) for region in REGIONS[:3]}
    return rows, sizes


IMAGES = {name: [image(generate_uid(), number) for number in (1, 2)] for name in ("standard", "enhanced")}
for _number, _series in enumerate(IMAGES.values()):
    for _image in _series:
        _image.SeriesInstanceUID = _series[0].SeriesInstanceUID


@pytest.fixture(scope="module")
def report(measured, tmp_path_factory):
    rows, sizes = measured
    path = tmp_path_factory.mktemp("report") / "report.dcm"
    writeStructuredReport(rows, path, images=IMAGES, regions=REGIONS, sizes=sizes, reader="R07")
    return path


def content(item, found=None):
    """All content items below one, depth first, as pydicom sees them."""
    found = [] if found is None else found
    for child in item.get("ContentSequence", []):
        found.append(child)
        content(child, found)
    return found


def name(item):
    return item.ConceptNameCodeSequence[0].CodeValue if "ConceptNameCodeSequence" in item else ""


def numbers(group, code):
    """value, method code of the numeric items with a concept code."""
    found = []
    for item in group.ContentSequence:
        if item.ValueType == "NUM" and name(item) == code:
            methods = [child.ConceptCodeSequence[0].CodeValue for child in content(item) if name(child) == "370129005"]
            found.append((float(item.MeasuredValueSequence[0].NumericValue), methods[0] if methods else ""))
    return found


def groups(path):
    return [item for item in content(pydicom.dcmread(path)) if name(item) == "125007"]


def test_report_is_a_tid_1500_document_that_highdicom_opens(report):
    document = highdicom.sr.srread(report)
    assert document.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert len(document.content.get_volumetric_roi_measurement_groups()) == 2
    assert len(document.content.get_planar_roi_measurement_groups()) == 2
    assert len(document.content.get_image_measurement_groups()) == 2


def test_values_codes_and_units_are_those_of_the_rows(report, measured):
    rows, _ = measured
    expected = {
        (row.metric, row.method): row.value for row in rows if (row.lesion, row.condition) == ("L1", "standard")
    }
    (group,) = [g for g in groups(report) if is_(g, "L1", "STANDARD")]
    assert numbers(group, "113060") == [(pytest.approx(expected["snr", "tissue_sd"]), "TISSUE_SD")]
    assert dict(reversed(pair) for pair in numbers(group, "CNR")) == {
        "TISSUE_SD": pytest.approx(expected["cnr", "tissue_sd"]),
        "POOLED_SD": pytest.approx(expected["cnr", "pooled_sd"]),
    }
    assert numbers(group, "CR")[0][0] == pytest.approx(expected["cr", "none"])


def is_(group, lesion, condition):
    values = [item.TextValue for item in content(group) if name(item) == "112039"]
    conditions = [item.ConceptCodeSequence[0].CodeValue for item in content(group) if name(item) == "CONDITION"]
    return (values, conditions) == ([lesion], [condition])


def test_signal_sizes_and_volume_have_their_standard_codes(report, measured):
    _, sizes = measured
    (group,) = [g for g in groups(report) if is_(g, "L1", "ENHANCED")]
    assert len(numbers(group, "110852")) == 3
    for code, value in (
        ("103339001", sizes["L1"].longestDiameter),
        ("103340004", sizes["L1"].perpendicularDiameter),
        ("L0JK", sizes["L1"].diameter3D),
        ("118565006", sizes["L1"].volume),
    ):
        assert numbers(group, code)[0][0] == pytest.approx(value)


def test_a_lesion_is_the_same_object_in_both_conditions(report):
    uids = {}
    for group in groups(report):
        items = content(group)
        lesion = next(item.TextValue for item in items if name(item) == "112039")
        uids.setdefault(lesion, set()).add(next(item.UID for item in items if name(item) == "112040"))
    assert {lesion: len(found) for lesion, found in uids.items()} == {"L1": 1, "L2": 1, "L3": 1}


def test_geometry_is_stored_in_lps_and_the_evidence_names_all_images(report):
    dataset = pydicom.dcmread(report)
    ellipsoid = next(item for item in content(dataset) if item.get("GraphicType") == "ELLIPSOID")
    points = np.reshape(ellipsoid.GraphicData, (6, 3))
    np.testing.assert_allclose(points.mean(axis=0), [-12, -14, 15], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(points[1::2] - points[::2], axis=1), [8, 7, 6], atol=1e-4)
    assert ellipsoid.ReferencedFrameOfReferenceUID == FRAME
    series = dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert {item.SeriesInstanceUID for item in series} == {images[0].SeriesInstanceUID for images in IMAGES.values()}


def test_report_keeps_the_patient_and_names_the_reader_and_research_use(report):
    dataset = pydicom.dcmread(report)
    assert (dataset.PatientID, dataset.StudyInstanceUID, dataset.Modality) == ("case1", STUDY, "SR")
    assert "Research use only" in dataset.SeriesDescription
    assert any(str(item.get("PersonName", "")).startswith("R07") for item in content(dataset))


def test_dcmtk_prints_the_report_without_a_complaint(report):
    """An implementation that shares nothing with pydicom and highdicom."""
    program = shutil.which("dsrdump")
    if program is None:
        pytest.skip("dsrdump (Debian: dcmtk) is not installed")
    done = subprocess.run([program, "+Pc", str(report)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    for words in (
        'NUM:(113060,DCM,"Signal to noise")',
        'CODE:(121401,DCM,"Derivation")=(373098007,SCT,"Mean")',
        'NUM:(L0JK,IBSI,"Maximum 3D Diameter of a Mesh")',
        '(TISSUE_SD,99DLENHANCE,"SD of the reference tissue")',
        'CONTAINER:(126000,DCM,"Imaging Measurement Report")',
    ):
        assert words in done.stdout


def test_a_flat_region_has_its_area_and_its_outline_but_no_volume(report, measured):
    (group,) = [g for g in groups(report) if is_(g, "L2", "STANDARD")]
    rows = [row for row in measured[0] if row.lesion == "L2"]
    assert numbers(group, "42798000")[0][0] == pytest.approx(rows[0].lesionStatistics.mm2)
    assert numbers(group, "118565006") == []
    graphics = [item.GraphicType for item in content(group) if "GraphicType" in item]
    assert graphics == ["POLYGON"]


def test_a_circle_is_stored_by_the_ends_of_its_axes(tmp_path):
    volume = Volume(np.random.default_rng(0).normal(500, 20, (30, 48, 48)), np.eye(4))
    circle = regions.Region("L1", "lesion", regions.circle((20, 18, 12), (0, 0, 1), 8))
    rows = measurement.measurePair(volume, None, [circle, REGIONS[3]])
    path = writeStructuredReport(rows, tmp_path / "r.dcm", images=IMAGES, regions=[circle])
    (item,) = [item for item in content(pydicom.dcmread(path)) if item.get("GraphicType") == "ELLIPSE"]
    points = np.reshape(item.GraphicData, (4, 3))
    np.testing.assert_allclose(points.mean(axis=0), [-20, -18, 12], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(points[1::2] - points[::2], axis=1), [8, 8], atol=1e-4)


def test_a_line_across_an_edge_is_a_group_of_its_own(tmp_path):
    voxels = np.full((9, 40, 40), 100.0)
    voxels[:, :, 20:] = 500.0
    volume = Volume(voxels + np.random.default_rng(0).normal(0, 2, voxels.shape), np.eye(4))
    rows = measureLines(volume, None, [EdgeLine("E1", (10, 20, 4), (30, 20, 4))])
    path = writeStructuredReport(rows, tmp_path / "r.dcm", images=IMAGES)
    (group,) = groups(path)
    expected = next(row.value for row in rows if row.metric == "erd")
    assert numbers(group, "ERD") == [(pytest.approx(expected), "")]
    assert numbers(group, "110852") == []


def test_images_of_two_patients_are_refused(measured, tmp_path):
    other = image(generate_uid(), 1)
    other.PatientID = "case2"
    with pytest.raises(BadOption, match="different patients"):
        writeStructuredReport(measured[0], tmp_path / "x.dcm", images=IMAGES | {"enhanced": [other]})


def test_an_unknown_metric_has_a_private_code_that_dicom_can_hold():
    from DLEnhanceLesionMetricsLib.reportCodes import metricCode

    value, scheme, meaning = metricCode("noise_power_mean_frequency")
    assert (value, scheme) == ("NOISE_POWER_MEAN", "99DLENHANCE")
    assert 0 < len(meaning) <= 64


def test_missing_images_are_refused_and_nothing_is_written(measured, tmp_path):
    rows, _ = measured
    with pytest.raises(BadOption, match="enhanced series"):
        writeStructuredReport(rows, tmp_path / "x.dcm", images={"standard": IMAGES["standard"]})
    with pytest.raises(BadOption, match="measurements"):
        writeStructuredReport([], tmp_path / "x.dcm", images=IMAGES)
    with pytest.raises(CannotWrite):
        writeStructuredReport(rows, tmp_path / "none" / "x.dcm", images=IMAGES)
    assert list(tmp_path.iterdir()) == []


def test_standard_codes_have_the_meanings_of_the_code_tables():
    from pydicom.sr._concepts_dict import concepts

    from DLEnhanceLesionMetricsLib import reportCodes

    tables = {
        scheme: {(code, text) for entry in concepts[scheme].values() for code, (text, _) in entry.items()}
        for scheme in ("DCM", "SCT", "LN", "IBSI", "UCUM")
    }
    single = [reportCodes.REPORT_TITLE, reportCodes.PROCEDURE, reportCodes.LESION, reportCodes.SIGNAL_INTENSITY]
    groups = (reportCodes.DERIVATIONS, reportCodes.METRICS, reportCodes.SIZES, reportCodes.UNITS)
    entries = [*single, *(entry for group in groups for entry in group.values())]
    for value, scheme, meaning in entries:
        assert len(value) <= 16
        if scheme != reportCodes.PRIVATE_SCHEME:
            assert (value, meaning) in tables[scheme]


def test_every_noise_method_has_a_code_that_dicom_can_hold():
    from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS
    from DLEnhanceLesionMetricsLib.reportCodes import noiseMethodCode

    values = [noiseMethodCode(method.id, method.title)[0] for method in NOISE_METHODS.values()]
    assert all(len(value) <= 16 for value in values)
    assert len(set(values)) == len(values)
