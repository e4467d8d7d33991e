"""Bars of ratios as an SVG file, written without a library."""

from xml.sax.saxutils import escape


def write(path, title, ratios):
    """One bar a figure; longer is better for us, the line at 1 is the peer."""
    width, row, left = 900, 26, 330
    longest = max([2.0] + [ratio for _, ratio in ratios])
    scale = (width - left - 90) / longest
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{row * len(ratios) + 70}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="12" y="24" font-size="15">{escape(title)}</text>']
    for index, (name, ratio) in enumerate(ratios):
        top = 44 + index * row
        colour = "#2a7f62" if ratio >= 1 else "#b5542f"
        lines += [
            f'<text x="{left - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{left}" y="{top}" width="{ratio * scale:.1f}" height="{row - 8}" fill="{colour}"/>',
            f'<text x="{left + ratio * scale + 6:.1f}" y="{top + 14}">{ratio:.2f}</text>']
    middle = left + scale
    lines += [
        f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="36" y2="{44 + row * len(ratios)}" stroke="#444" '
        'stroke-dasharray="4 3"/>',
        "</svg>"]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
