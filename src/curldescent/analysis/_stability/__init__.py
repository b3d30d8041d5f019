"""Is a solution stable under a plasticity, and which flips matter?"""
