"""The list of regions in the panel: shows them in order, tells which one is chosen, renames and changes roles."""

import qt

from .panelTexts import lockedText, roleTitle, sizeText
from .regions import ROLES
from .sceneRegions import EDGE, sizeMm

NAME, ROLE, SIZE, VOXELS = range(4)


class RegionTable:
    """A QTableWidget of regions.

    onChosen(region or None), onRenamed(region, name) and onRole(region, role) tell what the user did.
    """

    def __init__(self, table, *, onChosen, onRenamed, onRole):
        self._table, self._onChosen, self._onRenamed, self._onRole = table, onChosen, onRenamed, onRole
        self._regions, self._items, self._roles, self._isFilling = [], {}, [], False
        header = table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.Stretch)
        header.setSectionResizeMode(VOXELS, qt.QHeaderView.ResizeToContents)
        makeCompact(table)
        table.itemSelectionChanged.connect(self._onSelection)
        table.cellChanged.connect(self._onCellChanged)

    def release(self):
        self._table.itemSelectionChanged.disconnect(self._onSelection)
        self._table.cellChanged.disconnect(self._onCellChanged)

    @property
    def chosen(self):
        """The chosen region, or None."""
        rows = [item.row() for item in self._table.selectedItems()]
        return self._regions[rows[0]] if rows and rows[0] < len(self._regions) else None

    def choose(self, region):
        """Select a region's row; onChosen is called as if the user had done it."""
        keys = [other.key for other in self._regions]
        if region is not None and region.key in keys:
            self._table.selectRow(keys.index(region.key))

    def step(self, by):
        """Choose the region that many rows further down; beyond the last comes the first."""
        if not self._regions:
            return
        keys = [region.key for region in self._regions]
        row = keys.index(self.chosen.key) + by if self.chosen is not None else min(by, 0)
        self._table.selectRow(row % len(keys))

    def show(self, regions, outcome):
        """regions: SceneRegions in order; outcome: their voxel counts and extents. The chosen region stays chosen."""
        chosen = self.chosen
        self._isFilling = True
        try:
            if [region.key for region in regions] != [region.key for region in self._regions]:
                self._rebuild(regions, chosen)
            self._regions = list(regions)
            for row, region in enumerate(regions):
                self._fillRow(row, region, outcome)
        finally:
            self._isFilling = False
        if (self.chosen and self.chosen.key) != (chosen and chosen.key):
            self._onChosen(self.chosen)

    def _rebuild(self, regions, chosen):
        self._regions, self._items, self._roles = list(regions), {}, []
        self._table.clearSelection()
        self._table.setRowCount(0)
        self._table.setRowCount(len(regions))
        for row, region in enumerate(regions):
            for column in range(4):
                item = qt.QTableWidgetItem("")
                flags = qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable
                item.setFlags(flags | qt.Qt.ItemIsEditable if column == NAME else flags)
                if column == VOXELS:
                    item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                self._table.setItem(row, column, item)
                self._items[row, column] = item
            self._roles.append(RoleCell(self._table, row, region, self._onRoleChosen))
        keys = [region.key for region in regions]
        if chosen is not None and chosen.key in keys:
            self._table.selectRow(keys.index(chosen.key))

    def _fillRow(self, row, region, outcome):
        lengths = outcome.extents.get(region.key, ()) if region.segmentId else shownSizes(region)
        isRound = region.shape in ("ellipsoid", "ellipse")
        sizes = sizeText(lengths, isRound=isRound) if region.isPlaced else ""
        count = outcome.voxels.get(region.key)
        texts = (
            region.name,
            roleTitle(region.role),
            lockedText(sizes) if region.isLocked else sizes,
            "" if count is None else str(count),
        )
        for column, text in enumerate(texts):
            item = self._items[row, column]
            if item.text() != text:
                item.setText(text)
        self._roles[row].show(region, self._items[row, NAME])

    def _onSelection(self):
        if not self._isFilling:
            self._onChosen(self.chosen)

    def _onCellChanged(self, row=0, column=0):
        if self._isFilling or column != NAME or row >= len(self._regions):
            return
        region, name = self._regions[row], self._items[row, NAME].text()
        if name != region.name:
            self._onRenamed(region, name)

    def _onRoleChosen(self, row, role):
        if not self._isFilling and row < len(self._regions):
            self._onRole(self._regions[row], role)


class RoleCell:
    """The choice of the role in a row, and the square in the region's color before its name."""

    def __init__(self, table, row, region, onChosen):
        self._row, self._onChosen = row, onChosen
        self._color = None
        self.roles = (EDGE,) if region.shape == "line" else ROLES
        self.combo = qt.QComboBox()
        self.combo.setFrame(False)
        for role in self.roles:
            self.combo.addItem(roleTitle(role))
        self.combo.setEnabled(len(self.roles) > 1)
        self.combo.setFocusPolicy(qt.Qt.ClickFocus)
        self.combo.setToolTip(table.toolTip)
        table.setCellWidget(row, ROLE, self.combo)
        self.combo.activated.connect(self._onActivated)

    def show(self, region, nameItem):
        index = self.roles.index(region.role) if region.role in self.roles else 0
        if self.combo.currentIndex != index:
            self.combo.setCurrentIndex(index)
        if region.color != self._color:
            self._color = region.color
            nameItem.setIcon(_swatch(region.color))

    def _onActivated(self, index=0):
        self._onChosen(self._row, self.roles[self.combo.currentIndex])


def shownSizes(region):
    """The lengths of a region that mean something: a flat ellipse has two."""
    return sizeMm(region)[:2] if region.shape == "ellipse" else sizeMm(region)


def makeCompact(table):
    """Rows as low as the font allows."""
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 8)


def _swatch(color):
    """A square in a color, as the region is drawn in the views."""
    pixmap = qt.QPixmap(12, 12)
    pixmap.fill(qt.QColor(*(round(255 * part) for part in color)))
    return qt.QIcon(pixmap)
