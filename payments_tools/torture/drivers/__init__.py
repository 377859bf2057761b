"""Who uses the platform in a run: one module a surface."""
