"""Color tables of our own maps: one hidden table a scene and map, not saved with it."""

import slicer

COLORS = 256


def colorTable(scene, name, entryAt):
    """The table of the name, made when missing. entryAt(position from 0 to 1) gives (label, red, green, blue)."""
    found = scene.GetFirstNodeByName(name)
    if found is not None and found.IsA("vtkMRMLColorTableNode"):
        return found
    node = slicer.vtkMRMLColorTableNode()
    node.SetName(name)
    node.SetTypeToUser()
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetNumberOfColors(COLORS)
    for index in range(COLORS):
        node.SetColor(index, *entryAt(index / (COLORS - 1)), 1.0)
    scene.AddNode(node)
    return node
