"""LibreOffice without a window, in a chosen language: opens, saves, and types into cells as a person does.

Typing is the program's own command for a line of input, given by a macro: so its recognition of numbers and dates, its
cell formats and its sheet protection apply.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

SOFFICE = shutil.which("soffice")

_LANGUAGE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>{}</value></prop>
</item></oor:items>
"""
_MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Typing" script:language="StarBasic">
Function Named(name, value)
  Dim one As New com.sun.star.beans.PropertyValue
  one.Name = name
  one.Value = value
  Named = one
End Function

Sub Enter(frame, cell, text)
  dispatcher = createUnoService("com.sun.star.frame.DispatchHelper")
  dispatcher.executeDispatch(frame, ".uno:GoToCell", "", 0, Array(Named("ToPoint", cell)))
  dispatcher.executeDispatch(frame, ".uno:EnterString", "", 0, Array(Named("StringName", text)))
End Sub

Sub Main
  doc = StarDesktop.loadComponentFromURL("{source}", "_blank", 0, Array(Named("Hidden", True)))
  frame = doc.CurrentController.Frame
  doc.CurrentController.setActiveSheet(doc.Sheets.getByName("{sheet}"))
{entries}
  doc.storeToURL("{target}", Array(Named("FilterName", "Calc MS Excel 2007 XML")))
  doc.close(True)
  StarDesktop.terminate()
End Sub
</script:module>
"""


class SpreadsheetProgram:
    """The program with a profile of its own.

    Args:
        folder: for the profile and the files.
        language: of the program and its recognition of numbers, e.g. `id-ID`; None: the system's.
    """

    def __init__(self, folder: Path, language: str | None = None) -> None:
        self.language = language
        self._folder = folder
        self._user = folder / "profile" / "user"
        self._user.mkdir(parents=True)
        if language:
            (self._user / "registrymodifications.xcu").write_text(_LANGUAGE.format(language), encoding="utf-8")

    def resave(self, content: bytes, form: str = "xlsx") -> bytes:
        """The workbook as the program saves it after opening."""
        source = self._folder / "given.xlsx"
        source.write_bytes(content)
        out = self._folder / "saved"
        self._run("--convert-to", form, "--outdir", str(out), str(source))
        return (out / f"given.{form}").read_bytes()

    def type_into(self, content: bytes, sheet: str, cells: Mapping[str, str]) -> bytes:
        """The workbook, saved after these texts were typed into the cells of a sheet (`B8` -> text)."""
        library = self._user / "basic" / "Standard"
        if not library.is_dir():
            self._run("--terminate_after_init")  # makes the profile with an empty library
            index = library / "script.xlb"
            index.write_text(index.read_text(encoding="utf-8").replace("Module1", "Typing"), encoding="utf-8")
        source, target = self._folder / "template.xlsx", self._folder / "typed.xlsx"
        source.write_bytes(content)
        target.unlink(missing_ok=True)
        entries = [f"  Enter frame, {_quoted(cell)}, {_quoted(text)}" for cell, text in cells.items()]
        module = _MODULE.format(
            source=source.as_uri(), target=target.as_uri(), sheet=sheet, entries=escape("\n".join(entries))
        )
        (library / "Typing.xba").write_text(module, encoding="utf-8")
        self._run("macro:///Standard.Typing.Main")
        return target.read_bytes()

    def _run(self, *arguments: str) -> None:
        profile = f"-env:UserInstallation={(self._folder / 'profile').as_uri()}"
        command = [str(SOFFICE), profile, "--headless", "--norestore", *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=240)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
