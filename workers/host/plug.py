import ctypes, sys, os
POOL=16384
KEEP=[]
def plug():
    total=0
    for block in range(48,513,16):
        cap=(POOL-48)//block
        n=block-33
        run=0; last=0; mine=[]
        for _ in range(cap*2000):
            o=bytes(n); mine.append(o)
            a=id(o)
            run = run+1 if a-last==block else 0
            last=a
            if run>=cap-1: 
                del mine[-cap:]
                break
        else: print("NOT", block, file=sys.stderr)
        total+=len(mine)*block
        KEEP.append(mine)
    libc=ctypes.CDLL(None); libc.malloc.restype=ctypes.c_void_p; libc.malloc.argtypes=[ctypes.c_size_t]; libc.free.argtypes=[ctypes.c_void_p]; libc.sbrk.restype=ctypes.c_void_p; libc.sbrk.argtypes=[ctypes.c_long]
    t2=0
    libc.malloc_trim(0)
    top=libc.sbrk(0)
    # the start of the top chunk: a chunk bigger than any hole
    size=60000
    sizes=[]
    while size>24: sizes.append(size); size=int(size*0.8) 
    p=libc.malloc(63000); libc.free(p); probe=p
    for size in sizes:
        for _ in range(200000):
            p=libc.malloc(size)
            if p>=probe: libc.free(p); break
            t2+=size
    print("PLUGGED", total, t2, file=sys.stderr)
