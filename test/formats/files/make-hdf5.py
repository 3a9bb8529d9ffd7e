# growing.h5, types.h5 and sparse73.mat, which hdf5.test.ts reads: h5py 3.16, HDF5 2.0.
# Every dataset of 'growing' is [7, 5] with 10 i + j at [i, j];
# NaN where nothing was written, the fill value of 'holes'.
import h5py
import numpy as np

values = (10 * np.arange(7)[:, None] + np.arange(5)).astype('f4')

with h5py.File('growing.h5', 'w', libver=('v110', 'v110')) as f:
    sizes = {'fixed': None, 'bounded': (9, 40), 'rows': (None, 5), 'columns': (9, None), 'both': (None, None)}
    filters = {
        'plain': {},
        'deflated': dict(compression='gzip', shuffle=True, fletcher32=True),
        'lzf': dict(compression='lzf'),
    }
    for size, maxshape in sizes.items():
        for name, options in filters.items():
            f.create_dataset(f'growing/{size}-{name}', data=values, chunks=(3, 2), maxshape=maxshape, **options)
    f.create_dataset('growing/single', data=values, chunks=(7, 5), compression='gzip')
    holes = f.create_dataset('growing/holes', (7, 5), 'f4', chunks=(1, 5), maxshape=(None, 5), fillvalue=np.nan)
    holes[[0, 6]] = values[[0, 6]]
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((3, 2))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    space = h5py.h5s.create_simple((7, 5), (9, 40))
    side = h5py.h5d.create(f['growing'].id, b'side-by-side', h5py.h5t.IEEE_F32LE, space, early)
    h5py.Dataset(side)[...] = values
    # Paged arrays of chunks.
    f.create_dataset('many/fixed', (1100, 1), 'f4', chunks=(1, 1))[[0, 1099], 0] = [1, 2]
    f.create_dataset('many/extensible', (140000, 1), 'f4', chunks=(1, 1), maxshape=(None, 1))[
        [0, 139999], 0
    ] = [1, 2]
    # Names in a heap with an index of two levels; most lead to one empty group.
    links = f.create_group('links')
    empty = links.create_group('empty')
    for i in range(60):
        links[f'a link with a name of some length, number {i}'] = empty
    for i in range(3):
        links[f'w{i}'] = values[: i + 2]
    f.create_dataset('virtual', (2, 2), 'f4', external=[('elsewhere.bin', 0, 16)])
    f.create_dataset('scaled', data=values, chunks=(3, 2), scaleoffset=3)

# Types that look like others, behind bytes that are not MATLAB's.
with h5py.File('types.h5', 'w', userblock_size=512) as f:
    codes = (np.arange(6).reshape(2, 3) % 3).astype('i1')
    f.create_dataset('colours', data=codes, dtype=h5py.enum_dtype({'RED': 0, 'GREEN': 1, 'BLUE': 2}, 'i1'))
    f['bool'] = codes > 0
    for name, parts in ('complex', 'ri'), ('table', 'xy'):
        pairs = np.zeros((2, 3), [(part, 'f4') for part in parts])
        pairs[parts[0]], pairs[parts[1]] = codes, -codes
        f[name] = pairs
    f['packed'] = codes.astype('i2')
    f['packed'].attrs['add_offset'] = np.float32(273.15)
    f['deep'] = np.arange(24, dtype='f4').reshape(2, 3, 4)

with h5py.File('sparse73.mat', 'w', userblock_size=512) as f:

    def add(where, name, value, kind, **attributes):
        item = where.create_group(name) if value is None else where.create_dataset(name, data=value)
        for key, attribute in {'MATLAB_class': np.bytes_(kind), **attributes}.items():
            item.attrs[key] = attribute
        return item

    # [[0, 5, 0], [7, 0, 0], [0, 6, 0], [0, 0, 0]], by columns
    data, rows, starts = np.array([7.0, 5, 6]), np.array([1, 0, 2], 'u8'), np.array([0, 1, 3, 3], 'u8')
    pairs = np.zeros(3, [('real', 'f8'), ('imag', 'f8')])
    pairs['real'], pairs['imag'] = data, -data
    for name, kind, items in ('S', 'double', data), ('L', 'logical', np.ones(3, 'u1')), ('C', 'double', pairs):
        group = add(f, name, None, kind, MATLAB_sparse=np.uint64(4))
        group['data'], group['ir'], group['jc'] = items, rows, starts
    add(f, 'Z', None, 'double', MATLAB_sparse=np.uint64(2))['jc'] = np.zeros(4, 'u8')
    add(f, 'E', np.array([0, 3], 'u8'), 'double', MATLAB_empty=np.uint8(1))
    refs = f.create_group('#refs#')
    a = add(refs, 'a', np.arange(6.0).reshape(3, 2), 'double')
    b = add(refs, 'b', np.array([[104, 105]], 'u2'), 'char')
    add(f, 'c', np.array([[a.ref, b.ref]], h5py.ref_dtype), 'cell')

with open('sparse73.mat', 'r+b') as f:
    f.write(b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM')
