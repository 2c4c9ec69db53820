"""What Slicer's build would package: every file listed, configured by CMake, and working from one flat folder."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("DLEnhance", "DLEnhanceLesionMetrics")
# What of the packaging a Slicer build tree offers to an extension; each listed file is written into a list.
SLICER_DOUBLE = """
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake")
"""
USE_DOUBLE = """
include(CMakeParseArguments)
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MODULE "WITH_GENERIC_TESTS;WITH_SUBDIR;VERBOSE" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  foreach(file ${MODULE_SCRIPTS} ${MODULE_RESOURCES})
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR}/${file} does not exist")
    endif()
    file(APPEND "${CMAKE_BINARY_DIR}/packaged.txt" "${MODULE_NAME}/${file}\\n")
  endforeach()
endfunction()
function(slicer_add_python_unittest)
  cmake_parse_arguments(TEST "" "SCRIPT;TESTNAME_PREFIX" "SLICER_ARGS" ${ARGN})
  if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${TEST_SCRIPT}")
    message(FATAL_ERROR "${TEST_SCRIPT} does not exist")
  endif()
endfunction()
"""


# Nothing is compiled, so the test must not ask for compilers.
NO_COMPILER = [f"-DCMAKE_{name}=ON" for name in ("C_COMPILER_FORCED", "CXX_COMPILER_FORCED")]
NO_COMPILER += ["-DCMAKE_C_COMPILER=true", "-DCMAKE_CXX_COMPILER=true"]


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    """Paths relative to the clone that CMake would package."""
    cmake = shutil.which("cmake") or shutil.which("cmake", path=str(Path(sys.executable).parent))
    if cmake is None:
        pytest.skip("cmake is not installed")
    double, build = tmp_path_factory.mktemp("slicer"), tmp_path_factory.mktemp("build")
    (double / "SlicerConfig.cmake").write_text(SLICER_DOUBLE)
    (double / "UseSlicer.cmake").write_text(USE_DOUBLE)
    (double / "Nothing.cmake").write_text("")
    command = [cmake, "-S", ROOT, "-B", build, f"-DSlicer_DIR={double}", "-DBUILD_TESTING=ON", *NO_COMPILER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (build / "packaged.txt").read_text().split()


@pytest.fixture(scope="module")
def flatFolder(packaged, tmp_path_factory):
    """All packaged files as Slicer installs them: modules of all extensions share one folder."""
    folder = tmp_path_factory.mktemp("qt-scripted-modules")
    for path in packaged:
        target = folder / Path(path).relative_to(Path(path).parts[0])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target)
    return folder


def tracked(module):
    """Files of a module's folder that belong into the package."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return {path for path in listed if Path(path).name != "CMakeLists.txt" and (ROOT / path).exists()}


@pytest.mark.parametrize("module", MODULES)
def test_every_file_of_a_module_is_packaged(packaged, module):
    listed = {path for path in packaged if path.startswith(f"{module}/")}
    assert listed == tracked(module)


def test_no_two_modules_install_the_same_path(packaged):
    installed = [str(Path(path).relative_to(Path(path).parts[0])) for path in packaged]
    assert len(installed) == len(set(installed))


def test_nothing_of_training_tests_or_benchmarks_is_packaged(packaged):
    assert {Path(path).parts[0] for path in packaged} == set(MODULES)


def test_flat_copy_imports_and_finds_its_models(flatFolder):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import DLEnhanceLib.modelFiles as models, DLEnhanceLib.reading, DLEnhanceLib.torchBackend\n"
        "import DLEnhanceLesionMetricsLib.measurement as measurement\n"
        "assert models.__file__.startswith(sys.argv[1]) and measurement.__file__.startswith(sys.argv[1])\n"
        "for profile in models.PROFILE_NAMES:\n"
        "    model = models.findModel(profile)\n"
        "    assert model.isIntact() and (profile == 'fast' or str(model.weights).startswith(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(flatFolder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


OPEN_PANELS = """
import sys
from pathlib import Path
flat, testHost = sys.argv[1:]
sys.path[:0] = [flat, testHost]
from DLEnhanceTestHost.session import installSlicerSession, startHost
installSlicerSession()
from DLEnhanceTestHost import host as hosts
hosts.Host.moduleFile = lambda self, name: Path(flat) / (name + ".py")
host = startHost()
for name, shown in (("DLEnhance", "applyButton"), ("DLEnhanceLesionMetrics", "comparisonHolder")):
    panel = host.openModule(name)
    host.processEvents()
    assert hasattr(panel.ui, shown), name
    assert sys.modules[name].__file__.startswith(flat) and sys.modules[name + "Lib.panel"].__file__.startswith(flat)
    assert panel.resourcePath("").startswith(flat)
host.close()
sys.stdout.write("both panels opened\\n")
"""


def test_both_panels_open_from_the_flat_copy(flatFolder):
    """The stand-in host finds the module files, their libraries and their .ui files in the installed folder only."""
    pytest.importorskip("PySide6")
    pytest.importorskip("slicer")
    command = [sys.executable, "-c", OPEN_PANELS, str(flatFolder), str(ROOT / "Testing" / "Host")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("both panels opened\n"), done.stderr
    assert done.returncode == 0, done.stderr


def cmakeValue(name):
    found = re.search(rf'^set\({name} "([^"]*)"\)$', (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    return found.group(1)


def test_index_entry_agrees_with_cmake():
    """The rules of the Extensions Index: allowed keys, dependencies, name, category, repository."""
    entry = json.loads((ROOT / "DLEnhance.json").read_text())
    allowed = {"$schema", "build_dependencies", "build_subdirectory", "category", "enabled", "scm_revision", "scm_type"}
    assert set(entry) <= allowed | {"scm_url", "tier"}
    assert entry["build_dependencies"] == cmakeValue("EXTENSION_DEPENDS").split()
    assert entry["category"] == "Filtering"
    assert entry["tier"] in (1, 3, 5)
    assert re.fullmatch(r"https://github\.com/[\w-]+/Slicer[\w-]+\.git", entry["scm_url"])
    assert "project(DLEnhance)" in (ROOT / "CMakeLists.txt").read_text()


def test_icon_and_screenshots_exist_under_their_urls():
    urls = [cmakeValue("EXTENSION_ICONURL"), *cmakeValue("EXTENSION_SCREENSHOTURLS").split()]
    assert len(urls) >= 2
    for url in urls:
        assert (ROOT / url.split("/main/")[1]).is_file(), url


@pytest.mark.parametrize("path", ["Resources/DLEnhance.png", *(f"{m}/Resources/Icons/{m}.png" for m in MODULES)])
def test_icons_have_128_pixels(path):
    from PIL import Image

    assert Image.open(ROOT / path).size == (128, 128)
