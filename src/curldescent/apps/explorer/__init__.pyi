from .server import serve as serve
from .static import static_page as static_page
