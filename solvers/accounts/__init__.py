"""From decisions to a plan: money, energy, carbon, use of pools and links, reasons for what is left out."""
