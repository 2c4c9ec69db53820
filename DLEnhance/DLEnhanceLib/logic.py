"""DL Enhance on MRML nodes: one call for scripts, start and finish for the panel. No Qt, no torch here."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from . import sceneDicom, sceneVolumes
from .backgroundJob import BackgroundJob
from .errors import BadOption, CannotWrite, EnhancementCanceled
from .logicComparison import Compared, ComparisonActions
from .logicEvidence import EvidenceActions
from .progress import noProgress
from .sceneResidualColors import showAsResidual
from .strengths import DEFAULT_PRESET, PRESETS, Strengths
from .version import VERSION

try:
    from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic
except ImportError:  # slicer-core has the scene but no scripted modules
    ScriptedLoadableModuleLogic = object

COMPONENTS = ("noise", "ringing", "blur")


@dataclasses.dataclass(frozen=True)
class PendingRun:
    """An enhancement under way: poll ``job``, then give this to ``finishRun``."""

    job: BackgroundJob
    inputNode: Any
    outputNode: Any


@dataclasses.dataclass(frozen=True)
class PendingSurvey:
    """A survey under way: poll ``job``, then give this to ``finishSurvey``."""

    job: BackgroundJob
    inputNode: Any
    stamp: int


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """What stays in memory of the last run, so that sliders act at once.

    run: the core's EnhancementRun at the strengths that outputNode shows now; isChecked: whether its guard has looked
    at exactly these strengths.
    """

    inputNode: Any
    outputNode: Any
    run: Any
    isChecked: bool = True

    def isAlive(self) -> bool:
        """Whether both nodes are still in the scene."""
        return sceneVolumes.isInScene(self.inputNode) and sceneVolumes.isInScene(self.outputNode)


class DLEnhanceLogic(ComparisonActions, EvidenceActions, ScriptedLoadableModuleLogic):
    """Enhances volume nodes. The input node is never changed; a failed or cancelled run leaves nothing behind.

    Example, in Slicer's Python console::

        from DLEnhance import DLEnhanceLogic
        from DLEnhanceLib.strengths import Strengths

        logic = DLEnhanceLogic()
        inputNode = slicer.util.getNode("T1 post")
        outputNode = logic.enhance(inputNode, strengths=Strengths(denoise=0.8, dering=0.5, sharpen=0.2))
        print(logic.report()["guard"])
        logic.reblend(Strengths(denoise=0.4, dering=0.5, sharpen=0.0))  # at once, without the network
        residualNode = logic.residualNode()
        logic.showEvidence()  # colors where the change exceeds what noise explains
        logic.showComparison("curtain")  # or "sideBySide", "residual", "flicker"
    """

    def __init__(self, *, makeBackend=None):
        """makeBackend(profile=, device=) gives what runs the network; torchBackend.makeBackend by default."""
        if ScriptedLoadableModuleLogic is not object:
            ScriptedLoadableModuleLogic.__init__(self)
        self.makeBackend = makeBackend or _torchBackend
        self._backends, self._surveys = {}, {}
        self.finished = None
        self._startComparison()

    def release(self):
        """Leave the comparison and watch the scene no longer."""
        self._endComparison()

    def getParameterNode(self):
        from .parameters import EnhanceParameters

        return EnhanceParameters(super().getParameterNode())

    # One call for scripts

    def enhance(
        self,
        inputNode,
        *,
        strengths: Strengths = PRESETS[DEFAULT_PRESET],
        profile="full",
        device="auto",
        outputNode=None,
        reportProgress=noProgress,
    ):
        """Enhance inputNode into outputNode, or into a new node beside it, and return that node. Blocks.

        profile: "full" or "fast"; device: "auto", "cpu", "cuda", "cuda:N" or "mps". reportProgress(fraction, text) may
        raise EnhancementCanceled. Raises a DLEnhanceError, with the sentence for the user, when it cannot be done.
        """
        work = self._preparedWork(inputNode, strengths, profile, device, outputNode)
        return self._show(inputNode, outputNode, work(reportProgress), strengths)

    # Start and finish for the panel

    def startRun(
        self, inputNode, *, strengths=PRESETS[DEFAULT_PRESET], profile="full", device="auto", outputNode=None
    ) -> PendingRun:
        """Start the enhancement in the background; torch is imported and the model loaded before this returns.

        Raises a DLEnhanceError when the input or the options are wrong.
        """
        work = self._preparedWork(inputNode, strengths, profile, device, outputNode)
        return PendingRun(BackgroundJob(lambda job: work(job.report)).start(), inputNode, outputNode)

    def finishRun(self, pending: PendingRun, *, strengths: Strengths | None = None):
        """The output node of a run that is done, at other strengths than it was started with if given.

        Raises what the run raised, and EnhancementCanceled when the input has left the scene meanwhile; nothing is
        left behind then.
        """
        if pending.job.error is not None:
            raise pending.job.error
        if not sceneVolumes.isInScene(pending.inputNode):
            raise EnhancementCanceled("The input volume was removed during the run; nothing was changed.")
        outputNode = pending.outputNode if sceneVolumes.isInScene(pending.outputNode) else None
        run = pending.job.result
        return self._show(pending.inputNode, outputNode, run, strengths or run.strengths)

    # A quick look

    def newPreview(self, inputNode, *, profile="full", device="auto"):
        """A scenePreview.ScenePreview of the node: single slices in about a second. Raises as ``startRun``."""
        from .scenePreview import ScenePreview

        volume = self._checkedInput(inputNode)
        return ScenePreview(inputNode, volume, self._backend(profile, device), self.surveyOf(inputNode))

    # What the volume is

    def likelyInput(self):
        """The first volume of the scene that could be enhanced and was not made by us; None without one."""
        return sceneVolumes.firstForeignVolume()

    def startSurvey(self, inputNode) -> PendingSurvey:
        """Look at the volume in the background. Raises UnsupportedVolume when the node holds no MR volume."""
        from .description import describe  # here and not in the thread: imports there can freeze Slicer's window
        from .survey import survey

        volume = sceneVolumes.volumeFromNode(inputNode)

        def work(job):
            return describe(volume), survey(volume, reportProgress=job.report)

        return PendingSurvey(BackgroundJob(work).start(), inputNode, sceneVolumes.contentStamp(inputNode))

    def finishSurvey(self, pending: PendingSurvey):
        """(VolumeDescription, Survey), kept for the run that follows. Raises what the survey raised."""
        if pending.job.error is not None:
            raise pending.job.error
        self._surveys = {pending.inputNode: (pending.stamp, pending.job.result)}
        return pending.job.result

    def surveyOf(self, inputNode):
        """The Survey made of the node's present voxels; None when there is none."""
        stamp, result = self._surveys.get(inputNode, (None, None))
        return result[1] if inputNode is not None and stamp == sceneVolumes.contentStamp(inputNode) else None

    # A finished run

    def isLive(self, inputNode, outputNode) -> bool:
        """Whether the sliders act on outputNode at once: it is the output of the last run on inputNode."""
        finished = self.finished
        if finished is None or not finished.isAlive():
            return False
        return finished.inputNode is inputNode and finished.outputNode is outputNode

    def reblend(self, strengths: Strengths):
        """Give the output of the last run other strengths: arrays only, without the network and without the guard."""
        finished = self._requireFinished()
        if strengths == finished.run.strengths:
            return
        run = _atStrengths(finished.run, strengths)
        sceneVolumes.setVoxels(finished.outputNode, run.volume.voxels)
        sceneVolumes.setProvenance(finished.outputNode, _percents(strengths))
        self.finished = dataclasses.replace(finished, run=run, isChecked=False)

    def startGuard(self) -> BackgroundJob:
        """Check the strengths of now in the background; hand the job to ``finishGuard``."""
        from .guard import inspect

        run = self._requireFinished().run
        arguments = (run.source, run.components, run.strengths, run.survey)
        return BackgroundJob(lambda _job: (run.strengths, inspect(*arguments))).start()

    def finishGuard(self, job: BackgroundJob) -> bool:
        """Keep the findings if they belong to the strengths shown now; False when they are stale."""
        if job.error is not None:
            raise job.error
        strengths, guard = job.result
        if self.finished is None or self.finished.run.strengths != strengths:
            return False
        self._keepGuard(guard)
        return True

    def residualNode(self):
        """A volume of input minus output (float32, input units); made or brought up to date."""
        run = self._requireFinished().run
        isNew = sceneVolumes.derivedNode(self.finished.outputNode, "residual") is None
        node = self._signedNode("residual", run.source.voxels.astype(np.float32) - run.volume.voxels.astype(np.float32))
        if isNew:
            showAsResidual(node, run.survey.noise.median)
        return node

    def updateResidual(self):
        """Bring the residual volume up to date, if there is one."""
        if sceneVolumes.derivedNode(self._requireFinished().outputNode, "residual") is not None:
            self.residualNode()

    def componentNode(self, component: str):
        """A volume of what the network found: "noise", "ringing" or "blur" (float32, input units)."""
        if component not in COMPONENTS:
            raise BadOption(f"There is no component {component!r}: choose one of {', '.join(COMPONENTS)}.")
        return self._signedNode(component, getattr(self._requireFinished().run.components, component))

    def derivedNodes(self) -> list:
        """Residual and component volumes of the last run that are in the scene."""
        if self.finished is None or not self.finished.isAlive():
            return []
        nodes = [sceneVolumes.derivedNode(self.finished.outputNode, kind) for kind in ("residual", *COMPONENTS)]
        return [node for node in nodes if node is not None]

    def report(self) -> dict:
        """Every number of the last run at the strengths shown now; plain values that JSON can hold."""
        finished = self._requireFinished()
        if not finished.isChecked:
            self._keepGuard(_inspect(finished.run))
        return self.finished.run.report()

    def writeReport(self, path) -> Path:
        """Write the report as JSON, whole or not at all. Raises CannotWrite."""
        path, text = Path(path), json.dumps(self.report(), indent=2) + "\n"
        beside = path.with_name(f".{path.name}.part")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise CannotWrite(
                f"{path.name} cannot be written there ({error.strerror}): choose another folder."
            ) from error
        return path

    def exportDerivedSeries(self, folder, *, options=None, addToDatabase=False):
        """Write the output of the last run as a new DICOM series, derived from the images its input was loaded from.

        folder: new or empty; options: dicomDerivation.DerivedSeriesOptions; addToDatabase: list it in Slicer's DICOM
        database. Returns the dicomWriting.DerivedSeries. Raises UnsupportedVolume when the input does not come from
        Slicer's DICOM module, and CannotWrite.
        """
        finished = self._requireFinished()
        return sceneDicom.exportDerivedSeries(
            finished.inputNode, finished.run, folder, options=options, addToDatabase=addToDatabase
        )

    def forget(self):
        """Drop everything that belongs to the scene, for a scene that closes."""
        self.finished, self._surveys = None, {}

    # Steps

    def _preparedWork(self, inputNode, strengths, profile, device, outputNode):
        """work(reportProgress) -> EnhancementRun, which sees arrays only."""
        from . import enhancement

        volume = self._checkedInput(inputNode)
        if outputNode is inputNode:
            raise BadOption("The output volume is the input volume: choose another one, the input is never changed.")
        backend, known = self._backend(profile, device), self.surveyOf(inputNode)

        def work(reportProgress):
            return enhancement.enhance(
                volume, backend, strengths=strengths, reportProgress=reportProgress, priorSurvey=known
            )

        return work

    def _checkedInput(self, inputNode):
        volume = sceneVolumes.volumeFromNode(inputNode)
        if sceneVolumes.isOurs(inputNode):
            raise BadOption(f"{inputNode.GetName()} was made by DL Enhance: choose the original volume.")
        return volume

    def _backend(self, profile, device):
        """Loading takes seconds, so a backend is kept as long as profile and device stay the same."""
        if (profile, device) not in self._backends:
            self._backends = {(profile, device): self.makeBackend(profile=profile, device=device)}
        return self._backends[profile, device]

    def _show(self, inputNode, outputNode, run, strengths):
        isChecked = strengths == run.strengths
        if not isChecked:
            run = _atStrengths(run, strengths)
        if outputNode is None:
            outputNode = sceneVolumes.addVolumeNode(run.volume, f"{inputNode.GetName()} enhanced", source=inputNode)
        else:
            sceneVolumes.fillVolumeNode(outputNode, run.volume, source=inputNode)
        sceneVolumes.setProvenance(outputNode, _provenance(run) | _percents(strengths))
        self.finished = FinishedRun(inputNode, outputNode, run, isChecked)
        return outputNode

    def _signedNode(self, kind, voxels):
        """The node that shows signed values of the last run; one a kind and output, brought up to date in place."""
        finished = self._requireFinished()
        node = sceneVolumes.derivedNode(finished.outputNode, kind)
        if node is not None:
            sceneVolumes.setVoxels(node, voxels)
            return node
        name = f"{finished.inputNode.GetName()} {kind}"
        node = sceneVolumes.addVolumeNode(finished.run.source.withVoxels(voxels), name, source=finished.inputNode)
        sceneVolumes.setDerivedNode(finished.outputNode, kind, node)
        sceneVolumes.showSymmetric(node, _halfWidth(voxels))
        return node

    def _compared(self, withResidual):
        finished = self._requireFinished()
        pair = finished.inputNode, finished.outputNode
        return (
            Compared(*pair, self.residualNode(), finished.run.survey.noise.median) if withResidual else Compared(*pair)
        )

    def _keepGuard(self, guard):
        run = dataclasses.replace(self.finished.run, guard=guard)
        self.finished = dataclasses.replace(self.finished, run=run, isChecked=True)

    def _requireFinished(self) -> FinishedRun:
        if self.finished is None or not self.finished.isAlive():
            raise BadOption("There is no finished enhancement in this scene: press Apply first.")
        return self.finished


def _torchBackend(profile, device):
    from .torchBackend import makeBackend

    return makeBackend(profile=profile, device=device)


def _atStrengths(run, strengths):
    """The run blended anew; its guard still is the one of the strengths before."""
    from .enhancement import blendCounting

    volume, limited = blendCounting(run.source, run.components, strengths)
    return dataclasses.replace(run, volume=volume, limitedVoxels=limited, strengths=strengths)


def _inspect(run):
    from .guard import inspect

    return inspect(run.source, run.components, run.strengths, run.survey)


def _provenance(run):
    backend = run.backend
    return {
        "Version": VERSION,
        "Model": backend["modelId"],
        "ModelHash": backend["sha256"],
        "Device": backend["device"],
    }


def _percents(strengths):
    return {f"{name.capitalize()}Percent": f"{100 * value:g}" for name, value in dataclasses.asdict(strengths).items()}


def _halfWidth(voxels):
    """Three standard deviations of what is not zero, so that noise looks like noise and anatomy would stand out."""
    inside = voxels[voxels != 0]
    return 3.0 * float(inside.std()) if inside.size and inside.std() > 0 else 1.0
