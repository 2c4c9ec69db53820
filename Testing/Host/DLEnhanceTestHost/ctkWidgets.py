"""All stand-ins for CTK widgets by class name."""

from . import ctkContainers, ctkInputs, ctkNumbers

CTK_CLASSES = {
    name: kind
    for module in (ctkContainers, ctkNumbers, ctkInputs)
    for name, kind in vars(module).items()
    if name.startswith("ctk")
}
