from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Hashed names inside ES modules too: an old crypto module must never meet a new page."""

    support_js_module_import_aggregation = True
    # One for each storey of modules that import modules; five are too few, and none is too many.
    max_post_process_passes = 25
