"""Policy checks over a synthesised stack, and the waivers that explain what stays."""
