"""The guided tour behind `curldescent demo`: four experiments, one file each, and their report."""

from curldescent.apps.demo.tour import run_demo

__all__ = ["run_demo"]
