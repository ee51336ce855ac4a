"""PostgreSQL moves values of 2 KiB and more to a table of their own, and a search reads them all."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

IN_LINE = (
    "ALTER TABLE notes_noteindex ALTER COLUMN codewords SET STORAGE EXTERNAL",
    "ALTER TABLE notes_noteindex SET (toast_tuple_target = 8160)",
)
AS_USUAL = (
    "ALTER TABLE notes_noteindex RESET (toast_tuple_target)",
    "ALTER TABLE notes_noteindex ALTER COLUMN codewords SET STORAGE EXTENDED",
)


def keep_in_line(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, IN_LINE)


def keep_as_usual(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _execute(schema_editor, AS_USUAL)


def _execute(schema_editor: BaseDatabaseSchemaEditor, statements: tuple[str, ...]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("notes", "0002_search_quickly")]

    operations = [migrations.RunPython(keep_in_line, keep_as_usual)]
