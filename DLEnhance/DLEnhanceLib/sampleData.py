"""Volumes for Slicer's Sample Data module. Nothing is fetched before the user clicks; no Slicer, no Qt here.

Slicer fetches the files, checks them against the SHA-256 given here and loads them. One sample is part of the extension
and needs no network; the files of the others lie in public repositories at a fixed commit. The licenses allow use and,
with the attribution, redistribution. Docs/user-guide.md lists them.
"""

import dataclasses
import logging
from pathlib import Path

CATEGORY = "DLEnhance"
FOLDER = Path(__file__).resolve().parent.parent / "Resources" / "SampleData"
"""The thumbnails, and the files of the sample that needs no network."""
SUFFIXES = (".seg.nrrd", ".nii.gz", ".nrrd")

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class SampleFile:
    """path: in the repository or in FOLDER. nodeName: of the loaded node. kind: Slicer's name of the file type."""

    path: str
    nodeName: str
    sha256: str
    kind: str = "VolumeFile"


@dataclasses.dataclass(frozen=True)
class Sample:
    """One button. name: for ``SampleData.downloadSample``; title: on the button.

    repository, commit: owner/name on GitHub and where in its history; empty for files that lie in FOLDER.
    """

    name: str
    title: str
    files: tuple[SampleFile, ...]
    licence: str
    attribution: str
    repository: str = ""
    commit: str = ""

    @property
    def isShipped(self) -> bool:
        """Whether it needs no network."""
        return not self.repository

    @property
    def description(self) -> str:
        """The text of the button: what it is, and under which license."""
        return f"{self.title}\n({self.licence})"

    @property
    def thumbnail(self) -> Path:
        return FOLDER / f"{self.name}.png"

    def uri(self, file: SampleFile) -> str:
        """Slicer copies a local file into its cache as it would a remote one."""
        if self.isShipped:
            return (FOLDER / file.path).as_uri()
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{file.path}"

    def cacheName(self, file: SampleFile) -> str:
        """Slicer's cache holds the files of all extensions in one folder, so the name says whose it is."""
        suffix = next(end for end in SUFFIXES if file.path.endswith(end))
        return f"{CATEGORY}-{file.nodeName}{suffix}"


_GLIOMA = "src/BrainIAC/data/sample/processed/00001_"
SAMPLES = (
    Sample(
        name="SimulatedHead",
        title="Simulated T1, 12 lesions, with truth",
        files=(
            SampleFile(
                "SimulatedHead.nrrd",
                "SimulatedHead",
                "4cb205c68888dff0f3a19177b6f7c2730a6baf9ff9253f6cc1a17e94b809793e",
            ),
            SampleFile(
                "SimulatedHead-truth.nrrd",
                "SimulatedHead-truth",
                "aaa96ee04caf9a8b1070d95aaa721389f85a4451e86172c327955c64e4f7eeec",
            ),
            SampleFile(
                "SimulatedHead-regions.seg.nrrd",
                "SimulatedHead-regions",
                "0199cc2168530652afea0c2cfbf9d93b6f944860e2fbeaa310327b1b7e59c9c8",
                kind="SegmentationFile",
            ),
        ),
        licence="Apache-2.0 and ICBM notice",
        attribution="DLEnhance developers; anatomy: ICBM152 2009a, Fonov et al., NeuroImage 2011",
    ),
    Sample(
        name="PostContrastT1",
        title="Post-contrast T1, drawn lesion",
        repository="AIM-Harvard/pyradiomics",
        commit="8ed579383b44806651c463d5e691f3b2b57522ab",
        files=(
            SampleFile(
                "data/brain1_image.nrrd",
                "PostContrastT1",
                "fffdb111ee8b428ede7256707393c927a7d5be912f0604cf3c6f1bd5fc9644cf",
            ),
            SampleFile(
                "data/brain1_label.nrrd",
                "PostContrastT1-lesion",
                "ae6d8e6b84f7e99d68c210ee2fa6aaaefa0b2df0a84f55efca4feebe2b216059",
                kind="SegmentationFile",
            ),
        ),
        licence="BSD-3-Clause",
        attribution="van Griethuysen et al., Cancer Research 2017 (pyradiomics test data)",
    ),
    Sample(
        name="GliomaMultiContrast",
        title="Glioma: T1 post-contrast, T1, T2, FLAIR",
        repository="AIM-KannLab/BrainIAC",
        commit="e90fefd4ca13e47975d0ee052ba5f9314eca4d77",
        files=(
            SampleFile(
                f"{_GLIOMA}t1c.nii.gz",
                "Glioma-T1-post",
                "4399faadcc45c8a4541313cdf88aced7d835ed59ac3078d950e0eac293d603f5",
            ),
            SampleFile(
                f"{_GLIOMA}t1n.nii.gz",
                "Glioma-T1",
                "e860924b936e301ddeba20409fbb59dde322475cb49328f1b46a9235c792e73e",
            ),
            SampleFile(
                f"{_GLIOMA}t2w.nii.gz",
                "Glioma-T2",
                "4cd389cc57d12134a30a898c66532228126b9a7d0600ee578e82a32144528b51",
            ),
            SampleFile(
                f"{_GLIOMA}t2f.nii.gz",
                "Glioma-FLAIR",
                "82aed8546af5e6d8d94fd91c56227abdcf6120130390d1556c4342a208980604",
            ),
        ),
        licence="CC BY 4.0",
        attribution="Bakas et al., UPENN-GBM, The Cancer Imaging Archive, https://doi.org/10.7937/TCIA.709X-DN49",
    ),
    Sample(
        name="StrokeMultiContrast",
        title="Stroke: T1, T2, FLAIR",
        repository="neurolabusc/VolumeRenderingData",
        commit="d15be4d1863d1372270e38d8fe95bffaf80cce3a",
        files=(
            SampleFile(
                "stroke/T1.nii.gz", "Stroke-T1", "8e28e653578a2cd21d15064da5b089db16a205887c76baed8a65d01e8f2ab79e"
            ),
            SampleFile(
                "stroke/T2.nii.gz", "Stroke-T2", "7cc2d618998228998fb1a9abf3ccfa8ed844aa99d84c9c6bf26b763a44406c89"
            ),
            SampleFile(
                "stroke/FLAIR.nii.gz",
                "Stroke-FLAIR",
                "a50cf2bbc22875644fa7f49b3a7d58f0287427a6e37faed9d420ce3495346666",
            ),
        ),
        licence="MIT",
        attribution="Chris Rorden, Center for the Study of Aphasia Recovery",
    ),
    Sample(
        name="FlairAxial",
        title="FLAIR, 2D axial",
        repository="fepegar/torchio-data",
        commit="5918756215dfde86ef37d670c906b172b679880b",
        files=(
            SampleFile(
                "data/fernando/t2.nii.gz",
                "FlairAxial",
                "e8a969a37148df211ddedae5b2477b1a1c68ef22da0c5ee95612c98c20d3b9cb",
            ),
        ),
        licence="MIT",
        attribution="Fernando Perez-Garcia",
    ),
)


def registerSamples(title: str = "DL Enhance") -> bool:
    """Offer the samples in Slicer's Sample Data module; False where that module is switched off. title: of the section.

    Registering twice does no harm. Slicer 5.10 knows no titles of sections and shows the id.
    """
    try:
        import SampleData
    except ImportError:
        _log.debug("Sample Data is not available")
        return False
    logic = SampleData.SampleDataLogic
    if hasattr(logic, "registerCustomSampleDataCategory"):
        logic.registerCustomSampleDataCategory(CATEGORY, title=title)
    known = {source.sampleName for source in logic.sampleDataSourcesByCategory(CATEGORY)}
    for sample in SAMPLES:
        if sample.name not in known:
            _register(logic, sample)
    _describe(logic)
    return True


def _register(logic, sample):
    logic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=sample.name,
        uris=[sample.uri(file) for file in sample.files],
        fileNames=[sample.cacheName(file) for file in sample.files],
        nodeNames=[file.nodeName for file in sample.files],
        loadFileType=[file.kind for file in sample.files],
        checksums=[f"SHA256:{file.sha256}" for file in sample.files],
        thumbnailFileName=str(sample.thumbnail),
    )


def _describe(logic):
    """The button shows the description, which Slicer's registering function cannot set."""
    descriptions = {sample.name: sample.description for sample in SAMPLES}
    for source in logic.sampleDataSourcesByCategory(CATEGORY):
        source.sampleDescription = descriptions.get(source.sampleName, source.sampleDescription)
