"""Pages that work without JavaScript.

Templates, texts in several languages, forms with limits, and headers that keep strangers' text from doing anything.
Programs bring templates, texts and handlers of their own.
"""

from muster.platform.pages.catalogue import Catalogue
from muster.platform.pages.forms import Form, Upload, read_form, read_many
from muster.platform.pages.pages import Pages
from muster.platform.pages.visitors import Visitors

__all__ = ["Catalogue", "Form", "Pages", "Upload", "Visitors", "read_form", "read_many"]
