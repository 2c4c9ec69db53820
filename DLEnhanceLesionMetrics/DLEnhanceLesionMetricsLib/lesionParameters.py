"""What the user chose in Lesion Metrics, kept in the scene."""

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLTableNode  # the wrapper finds node types among our globals
from slicer.parameterNodeWrapper import parameterNodeWrapper

from .lesionNoise import Noise


@parameterNodeWrapper
class LesionParameters:
    """The pair of volumes with their repeats, how noise is measured, and the table that holds the result."""

    standardVolume: vtkMRMLScalarVolumeNode
    enhancedVolume: vtkMRMLScalarVolumeNode
    noise: Noise = Noise.TISSUE_SD
    resultTable: vtkMRMLTableNode
    allMeasures: bool = False
    standardRepeat: vtkMRMLScalarVolumeNode
    enhancedRepeat: vtkMRMLScalarVolumeNode
    conspicuity: bool = False
    noiseSpectrum: bool = False
    wholeHead: bool = False
