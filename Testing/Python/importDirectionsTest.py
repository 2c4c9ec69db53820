"""Imports go downwards only (surfaces, scene, core), and nothing heavy is imported where Slicer starts up."""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE_FILES = [ROOT / name / f"{name}.py" for name in ("DLEnhance", "DLEnhanceLesionMetrics")]
LIBRARIES = {folder.name: folder for folder in (ROOT / "DLEnhance" / "DLEnhanceLib",)}
LIBRARIES["DLEnhanceLesionMetricsLib"] = ROOT / "DLEnhanceLesionMetrics" / "DLEnhanceLesionMetricsLib"
LIBRARIES["DLEnhanceTraining"] = ROOT / "Training" / "DLEnhanceTraining"
LIBRARIES["dlenhance"] = ROOT / "CommandLine" / "dlenhance"

QT = {"qt", "ctk", "PySide6"}
MRML = {"slicer", "vtk"}
NOT_BUNDLED = {"torch", "skimage", "pandas", "statsmodels", "matplotlib", "highdicom", "sklearn", "pingouin", "nilearn"}
NOT_AT_START = NOT_BUNDLED | {"scipy", "SimpleITK", "pydicom", "safetensors"}
TORCH_FILES = {
    *("torchBackend.py", "devices.py", "network.py", "fixedFilter.py", "lapped.py", "surprise.py", "blocks.py"),
    *("faint.py", "groups.py", "similar.py", "extrapolation.py", "sparseCosines.py"),
}
# Files of the scene floor that are not called logic*.py or scene*.py
NEEDS_SLICER = {
    "DLEnhanceLib/parameters.py",
    "DLEnhanceLib/packages.py",
    "DLEnhanceLesionMetricsLib/lesionNoise.py",
    "DLEnhanceLesionMetricsLib/lesionParameters.py",
}


def libraryFiles(*libraries):
    return sorted(path for name in libraries for path in LIBRARIES[name].rglob("*.py"))


LIBRARY_FILES = libraryFiles("DLEnhanceLib", "DLEnhanceLesionMetricsLib")


def isPanel(path):
    return path.name.startswith("panel") or path in MODULE_FILES


def isScene(path):
    return path.name.startswith(("logic", "scene")) or f"{path.parent.name}/{path.name}" in NEEDS_SLICER


def isCore(path):
    return not isPanel(path) and not isScene(path)


@functools.cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))


@functools.cache
def imports(path, *, everywhere=True):
    """Full module names that a file imports; everywhere=False leaves out imports inside functions."""
    tree = parsed(path)
    nodes = ast.walk(tree) if everywhere else _atFileScope(tree)
    return sorted({name for node in nodes for name in _names(node, path)})


def _atFileScope(node):
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from _atFileScope(child)


def _names(node, path):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = _package(path, node.level) + ([node.module] if node.module else [])
        return [".".join([*base, alias.name]) for alias in node.names]
    return []


def _package(path, level):
    """The parts of the package that a relative import starts from; none for an absolute import."""
    if level == 0:
        return []
    library = next(folder for folder in LIBRARIES.values() if folder in path.parents)
    parts = [library.name, *path.relative_to(library).parent.parts]
    return parts[: len(parts) - level + 1]


def topLevel(names):
    return {name.split(".")[0] for name in names}


def fileOf(name):
    """The library file behind a dotted name of ours; None for other packages. Trailing names may be attributes."""
    parts = name.split(".")
    if parts[0] not in LIBRARIES:
        return None
    for count in range(len(parts), 0, -1):
        path = LIBRARIES[parts[0]].joinpath(*parts[1:count])
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def forbidden(files, packages, *, everywhere=True):
    """ "file: package" for each file that imports one of the packages."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in sorted(topLevel(imports(path, everywhere=everywhere)) & packages)
    ]


def ours(path, *, everywhere=True):
    """The files of ours that a file imports."""
    return [target for target in map(fileOf, imports(path, everywhere=everywhere)) if target is not None]


def reachedAtFileScope(path):
    """The file and all of ours that its import pulls in."""
    found, waiting = [], [path]
    while waiting:
        found.append(waiting.pop())
        waiting += [target for target in ours(found[-1], everywhere=False) if target not in found + waiting]
    return found


def test_qt_is_known_to_panels_only():
    assert forbidden([path for path in LIBRARY_FILES if not isPanel(path)], QT) == []


def test_the_core_knows_no_slicer():
    assert forbidden([path for path in LIBRARY_FILES if isCore(path)], MRML) == []


def test_the_core_imports_no_file_of_a_higher_floor():
    core = [path for path in LIBRARY_FILES if isCore(path)]
    assert [(path.name, target.name) for path in core for target in ours(path) if not isCore(target)] == []


def test_the_scene_floor_imports_no_panel():
    scene = [path for path in LIBRARY_FILES if isScene(path)]
    assert [(path.name, target.name) for path in scene for target in ours(path) if isPanel(target)] == []


# Without the application the lesion metrics draw their figure by the command line's views
UPWARDS = ["DLEnhanceLesionMetrics/DLEnhanceLesionMetricsLib/scenePairView.py: dlenhance"]


def test_libraries_do_not_know_the_command_line_or_the_training():
    surfaces = {"dlenhance", "DLEnhanceTraining", "DLEnhanceTestHost"}
    found = forbidden([*LIBRARY_FILES, *MODULE_FILES], surfaces)
    assert [entry for entry in found if entry not in UPWARDS] == []
    assert forbidden(LIBRARY_FILES, surfaces, everywhere=False) == []


def test_the_enhancement_does_not_know_the_lesion_metrics():
    assert forbidden(libraryFiles("DLEnhanceLib"), {"DLEnhanceLesionMetricsLib"}) == []


def test_packages_that_slicer_lacks_are_imported_inside_functions():
    lazy = [path for path in LIBRARY_FILES if path.name not in TORCH_FILES]
    assert forbidden([*lazy, *MODULE_FILES], NOT_BUNDLED, everywhere=False) == []


def test_torch_is_imported_in_its_own_files_only():
    others = [path for path in LIBRARY_FILES if path.name not in TORCH_FILES]
    assert forbidden(others, {"torch"}) == []
    eager = [(path.name, target.name) for path in others for target in ours(path, everywhere=False)]
    assert [pair for pair in eager if pair[1] in TORCH_FILES] == []


def test_nothing_heavy_is_imported_when_slicer_starts():
    for module in MODULE_FILES:
        assert forbidden(reachedAtFileScope(module), NOT_AT_START, everywhere=False) == []


def test_nothing_imports_a_file_that_is_not_there():
    files = libraryFiles("DLEnhanceLib", "DLEnhanceLesionMetricsLib", "dlenhance")
    names = [(path.name, name) for path in files for name in imports(path)]
    assert [pair for pair in names if pair[1].split(".")[0] in LIBRARIES and fileOf(pair[1]) is None] == []


def test_every_import_is_followed_whatever_its_form():
    """The reading itself works: relative, absolute and attribute imports, at file scope or not."""
    reached = {path.name for path in reachedAtFileScope(LIBRARIES["dlenhance"] / "sliceViews.py")}
    assert {"offscreenViews.py", "sceneComparison.py", "sceneLinks.py", "volume.py", "version.py"} <= reached
    assert "numpy" in topLevel(imports(LIBRARIES["DLEnhanceLib"] / "volume.py"))
    views = LIBRARIES["dlenhance"] / "offscreenViews.py"
    assert "vtk" in topLevel(imports(views))
    assert "vtk" not in topLevel(imports(views, everywhere=False))
