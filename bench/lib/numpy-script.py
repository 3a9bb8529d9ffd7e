# What one would write with NumPy in place of the command: the rank of every .npy file of a folder.
import sys
from pathlib import Path

import numpy as np

for path in sorted(Path(sys.argv[1]).iterdir()):
    a = np.load(path)
    print(path.stem, np.linalg.matrix_rank(a.reshape(a.shape[0], -1)))
