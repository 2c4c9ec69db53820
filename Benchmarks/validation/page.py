"""One HTML page that needs nothing beside it, and the JSON that other programs read."""

import base64
import html
import json
import math

from DLEnhanceLib.version import LABEL

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:1.5em auto;max-width:1180px;padding:0 1em;color:#1c1c1e}
h1{font-size:1.6em}h2{margin-top:2em;border-bottom:2px solid #ccd}
table{border-collapse:collapse;margin:.6em 0;font-size:13px}
td,th{border:1px solid #ccd;padding:2px 7px;text-align:left;vertical-align:top}th{background:#eef}
td.number{text-align:right;white-space:nowrap}.pass{background:#d6f2d6}.fail{background:#f9d3d3;font-weight:600}
.info{background:#f2f2f4;color:#555}.label{background:#fff3cd;padding:.5em;border:1px solid #e5d28a}
figure{display:inline-block;margin:.6em 1em .6em 0;vertical-align:top;max-width:100%}img{max-width:100%}
figcaption{font-size:13px;color:#444;max-width:60em}
summary{cursor:pointer;font-weight:600;margin-top:.6em}.note{color:#555;font-size:13px}
"""
STATES = {True: ("PASS", "pass"), False: ("FAIL", "fail"), None: ("info", "info")}
TESTS = {
    "AT1": "SNR gain",
    "AT2": "error to truth",
    "AT3": "intensity bias",
    "AT4": "sharpness not lost",
    "AT5": "truncation",
    "AT6": "lesion survival",
    "AT7": "no invented structure",
    "AT8": "residual shows no anatomy",
    "AT9": "patch hallucination (ring correlation)",
    "AT10": "artefact neutrality",
    "AT11": "identity and monotony",
    "AT12": "determinism",
    "AT13": "geometry",
    "AT14": "seams",
    "AT15": "awkward inputs",
    "AT16": "scale invariance",
    "AT22": "reference levels of the studies (information)",
    "Observer": "detection by a model observer",
    "Repeats": "real repeats (information)",
}
CARD_FIGURES = (
    "SNR gain, tissue_sd",
    "SNR gain, pseudo_replica",
    "mean PSNR gain",
    "largest |change of a tissue mean|",
    "ERD, mean of output / input",
    "overshoot taken away",
    *(f"contrast recovered, {size} mm" for size in (2, 3, 4, 5, 8)),
    "smallest passing lesion (for the label)",
    "new lesion-like blobs in one volume",
    "|correlation| of input - output with edges",
    "patches that only the input shows",
)


def document(run):
    """Everything for JSON: run is a validate.ValidationRun."""
    checks = [check for group in run.groups for check in group.checks]
    return {
        "label": LABEL,
        **run.about,
        "summary": {profile: summary(checks, profile) for profile in run.models},
        "figures": {profile: figures(checks, profile) for profile in run.models},
        "models": {profile: _modelFacts(card) for profile, card in run.models.items()},
        "checks": [check.asDict() for check in checks],
    }


def summary(checks, profile):
    """Test to preset to "pass", "fail" or "info"; a test passes at a preset when all its checks there do."""
    found = {}
    for test in TESTS:
        own = [check for check in checks if check.test == test and check.profile == profile]
        states = {
            preset: verdict([c for c in own if c.preset == preset]) for preset in dict.fromkeys(c.preset for c in own)
        }
        if states:
            found[test] = states
    return found


def figures(checks, profile):
    """Preset to the numbers that belong on a model card: name with unit to value, rounded."""
    found = {}
    for check in checks:
        if check.profile == profile and check.name in CARD_FIGURES and math.isfinite(check.value):
            name = f"{check.test} {check.name}" + (f" [{check.unit}]" if check.unit else "")
            found.setdefault(check.preset, {})[name] = round(float(check.value), 3)
    return found


def verdict(checks):
    judged = [check.passed for check in checks if check.passed is not None]
    if not judged:
        return "info"
    return "pass" if all(judged) else "fail"


def _modelFacts(card):
    names = ("modelId", "sha256", "parameters", "stepsDone", "trainingMinutes", "commit", "validation", "recipe")
    return {name: card[name] for name in names if name in card}


def writeJson(run, path):
    text = json.dumps(document(run), indent=1, allow_nan=False, default=lambda scalar: scalar.item())
    path.write_text(text + "\n", encoding="utf-8")  # numpy's numbers and truths become Python's


def writePage(run, path):
    parts = [_head(run), _summaryTable(run), _failures(run), _models(run)]
    parts += [_group(group) for group in run.groups]
    body = "\n".join(parts)
    path.write_text(wholePage("DLEnhance: validation", body), encoding="utf-8")


def wholePage(title, body):
    """An HTML document with our style."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!DOCTYPE html><html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def _head(run):
    about = " · ".join(f"{name}: {value}" for name, value in run.about.items())
    return (
        f"<h1>DLEnhance: acceptance tests with the released weights</h1><p class=label>{escape(LABEL)}</p>"
        f"<p class=note>{escape(about)}</p>"
        "<p>Simulated scans are of heads that training never saw (SynthSeg label maps 19 and 20, ICBM152, a glioma "
        "patient's contrasts); every number below comes from this run. Thresholds are those of the project's list of "
        "acceptance tests; those marked [P] started as targets. Nothing is tuned to a test: what fails stands as it "
        "is.</p>"
    )


def _summaryTable(run):
    checks = [check for group in run.groups for check in group.checks]
    presets = ("low", "medium", "high", "all")
    header = "".join(f"<th>{profile} {preset}</th>" for profile in run.models for preset in presets)
    rows = []
    for test, title in TESTS.items():
        cells = ""
        for profile in run.models:
            states = summary(checks, profile).get(test, {})
            for preset in presets:
                state = states.get(preset, "")
                cells += f"<td class={state or 'none'}>{state if state == 'info' else state.upper()}</td>"
        if any(check.test == test for check in checks):
            rows.append(f"<tr><td>{test}</td><td>{escape(title)}</td>{cells}</tr>")
    return f"<h2>Result</h2><table><tr><th>test</th><th></th>{header}</tr>{''.join(rows)}</table>"


def _failures(run):
    failed = [check for group in run.groups for check in group.checks if check.passed is False]
    if not failed:
        return "<p>No test failed.</p>"
    lines = "".join(
        f"<li><b>{c.test}</b> {c.profile} {c.preset}: {escape(c.name)} {_number(c.value)} {escape(c.unit)}, to be "
        f"{escape(c.relation)} {_number(c.threshold)}. {escape(c.detail)}</li>"
        for c in failed
    )
    return f"<details><summary>{len(failed)} numbers miss their threshold</summary><ul>{lines}</ul></details>"


def _models(run):
    parts = ["<h2>Models</h2>"]
    for profile, card in run.models.items():
        facts = {**_modelFacts(card), **{f"validation {k}": v for k, v in card.get("validation", {}).items()}}
        facts.pop("validation", None)
        rows = "".join(f"<tr><td>{escape(k)}</td><td>{escape(v)}</td></tr>" for k, v in facts.items())
        parts.append(f"<details><summary>Model card figures, {profile}</summary><table>{rows}</table></details>")
    return "".join(parts)


def _group(group):
    parts = [f"<h2>{escape(group.title)}</h2>", *(f"<p class=note>{escape(note)}</p>" for note in group.notes)]
    if group.checks:
        rows = "".join(_checkRow(check) for check in group.checks)
        columns = ("test", "profile", "preset", "measured", "value", "to be", "", "detail", "source of the threshold")
        head = "<tr>" + "".join(f"<th>{column}</th>" for column in columns) + "</tr>"
        parts.append(
            f"<details open><summary>{len(group.checks)} numbers</summary><table>{head}{rows}</table></details>"
        )
    parts += [_table(table) for table in group.tables]
    parts += [figure(picture) for picture in group.pictures]
    return "\n".join(parts)


def _checkRow(check):
    state, css = STATES[check.passed]
    target = f"{check.relation} {_number(check.threshold)}" if check.relation else ""
    return (
        f"<tr><td>{check.test}</td><td>{check.profile}</td><td>{check.preset}</td><td>{escape(check.name)}</td>"
        f"<td class=number>{_number(check.value)} {escape(check.unit)}</td><td class=number>{escape(target)}</td>"
        f"<td class={css}>{state}</td><td>{escape(check.detail)}</td><td>{escape(check.source)}</td></tr>"
    )


def _table(table):
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in table.rows)
    note = f"<p class=note>{escape(table.note)}</p>" if table.note else ""
    return f"<details><summary>{escape(table.title)}</summary>{note}<table><tr>{head}</tr>{rows}</table></details>"


def figure(picture):
    data = base64.b64encode(picture.png).decode()
    caption = f"<b>{escape(picture.title)}.</b> {escape(picture.caption)}"
    image = f'<img alt="{escape(picture.title)}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _number(value):
    if value is None:
        return ""
    if not math.isfinite(value):
        return "not measurable"
    return f"{value:.4g}"


def escape(value):
    return html.escape(str(value))
