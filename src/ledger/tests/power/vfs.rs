//! Puts a [`Disk`] below SQLite: a file layer that hands everything on to the usual one, after
//! asking the disk what becomes of it. Registered under a name of its own, so that other tests in
//! this process do not notice.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::ffi::{
    self, sqlite3_file, sqlite3_filename, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs,
};

use super::disk::{Disk, Fate};

/// Ours; the usual layer's file follows it in memory.
#[repr(C)]
struct File {
    base: sqlite3_file,
    disk: *const Disk,
    /// The name of the file; temporary ones have none and never fail.
    name: *mut String,
}

/// What a layer needs: the disk, and the usual layer below.
struct Layer {
    disk: Arc<Disk>,
    usual: *mut sqlite3_vfs,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Registers a layer for a disk and returns its name. Both live as long as the process: threads
/// may close their files late.
pub fn register(disk: &Arc<Disk>) -> &'static str {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name: &'static CStr = Box::leak(
        CString::new(format!("failing-{number}"))
            .unwrap()
            .into_boxed_c_str(),
    );
    // SAFETY: the usual layer is never unregistered; what we register is leaked.
    unsafe {
        let usual = ffi::sqlite3_vfs_find(ptr::null());
        assert!(!usual.is_null());
        let layer = Box::leak(Box::new(Layer {
            disk: Arc::clone(disk),
            usual,
        }));
        let ours = Box::leak(Box::new(sqlite3_vfs {
            szOsFile: c_int::try_from(size_of::<File>()).unwrap() + (*usual).szOsFile,
            pNext: ptr::null_mut(),
            zName: name.as_ptr(),
            pAppData: ptr::from_mut(layer).cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            ..*usual
        }));
        assert_eq!(ffi::sqlite3_vfs_register(ours, 0), ffi::SQLITE_OK);
    }
    name.to_str().unwrap()
}

unsafe fn layer<'a>(vfs: *mut sqlite3_vfs) -> &'a Layer {
    // SAFETY: SQLite hands us the structure we registered.
    unsafe { &*(*vfs).pAppData.cast::<Layer>() }
}

unsafe fn name_of(path: *const c_char) -> String {
    // SAFETY: SQLite's paths end with zero.
    let path = unsafe { CStr::from_ptr(path) }.to_str().unwrap();
    let name = Path::new(path).file_name().unwrap();
    name.to_str().unwrap().to_owned()
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    path: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives us szOsFile bytes for the file.
    unsafe {
        let layer = layer(vfs);
        let ours = file.cast::<File>();
        (*ours).base.pMethods = ptr::null();
        if layer.disk.is_off() {
            return ffi::SQLITE_CANTOPEN;
        }
        let open = (*layer.usual).xOpen.unwrap();
        let code = open(layer.usual, path, below(file), flags, out);
        if code == ffi::SQLITE_OK {
            (*ours).disk = Arc::as_ptr(&layer.disk);
            (*ours).name = match path.is_null() {
                true => ptr::null_mut(),
                false => Box::into_raw(Box::new(name_of(path))),
            };
            (*ours).base.pMethods = &raw const METHODS;
        }
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, path: *const c_char, sync: c_int) -> c_int {
    // SAFETY: handed on as it came.
    unsafe {
        let layer = layer(vfs);
        match layer.disk.delete(&name_of(path)) {
            Fate::Done => (*layer.usual).xDelete.unwrap()(layer.usual, path, sync),
            Fate::Part(_, code) | Fate::Refused(code) => code,
        }
    }
}

unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: handed on as it came.
    unsafe {
        let layer = layer(vfs);
        (*layer.usual).xAccess.unwrap()(layer.usual, path, flags, out)
    }
}

unsafe extern "C" fn full_pathname(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: handed on as it came.
    unsafe {
        let layer = layer(vfs);
        (*layer.usual).xFullPathname.unwrap()(layer.usual, path, size, out)
    }
}

/// The usual layer's file, behind ours.
unsafe fn below(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: there is room for both, see `szOsFile`.
    unsafe { file.cast::<File>().add(1).cast() }
}

unsafe fn methods<'a>(file: *mut sqlite3_file) -> &'a sqlite3_io_methods {
    // SAFETY: only called for files that `open` opened.
    unsafe { &*(*below(file)).pMethods }
}

/// The disk and the name of a file; none for a temporary one.
unsafe fn tracked<'a>(file: *mut sqlite3_file) -> Option<(&'a Disk, &'a str)> {
    // SAFETY: `open` set both; the disk is leaked, the name lives until `close`.
    unsafe {
        let ours = file.cast::<File>();
        let name = (*ours).name.as_ref()?;
        Some((&*(*ours).disk, name.as_str()))
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // 2: shared memory, but no memory-mapped reads.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Methods that are handed on as they come.
macro_rules! hand_on {
    ($($name:ident => $method:ident($($arg:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($arg: $type),*) -> c_int {
            // SAFETY: handed on as it came, to the file behind ours.
            unsafe { methods(file).$method.unwrap()(below(file), $($arg),*) }
        }
    )*};
}

hand_on! {
    file_size => xFileSize(out: *mut sqlite3_int64);
    lock => xLock(level: c_int);
    unlock => xUnlock(level: c_int);
    check_reserved_lock => xCheckReservedLock(out: *mut c_int);
    file_control => xFileControl(what: c_int, value: *mut c_void);
    sector_size => xSectorSize();
    device_characteristics => xDeviceCharacteristics();
    shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void);
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap => xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: as above.
    unsafe { methods(file).xShmBarrier.unwrap()(below(file)) }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: the name was boxed by `open`.
    unsafe {
        let ours = file.cast::<File>();
        if !(*ours).name.is_null() {
            drop(Box::from_raw((*ours).name));
        }
        methods(file).xClose.unwrap()(below(file))
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    out: *mut c_void,
    amount: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: handed on as it came.
    unsafe {
        if tracked(file).is_some_and(|(disk, _)| disk.is_off()) {
            return ffi::SQLITE_IOERR_READ;
        }
        methods(file).xRead.unwrap()(below(file), out, amount, at)
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    data: *const c_void,
    amount: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives `amount` bytes at `data`.
    unsafe {
        let hand_on = |amount| methods(file).xWrite.unwrap()(below(file), data, amount, at);
        let Some((disk, name)) = tracked(file) else {
            return hand_on(amount);
        };
        let bytes = std::slice::from_raw_parts(data.cast::<u8>(), amount.try_into().unwrap());
        match disk.write(name, at.try_into().unwrap(), bytes) {
            Fate::Done => hand_on(amount),
            Fate::Part(0, code) | Fate::Refused(code) => code,
            Fate::Part(part, code) => {
                hand_on(part.try_into().unwrap());
                code
            }
        }
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: handed on as it came.
    unsafe {
        let fate = tracked(file).map_or(Fate::Done, |(disk, name)| {
            disk.truncate(name, size.try_into().unwrap())
        });
        match fate {
            Fate::Done => methods(file).xTruncate.unwrap()(below(file), size),
            Fate::Part(_, code) | Fate::Refused(code) => code,
        }
    }
}

/// The real disk need not sync: what counts as synced is the model's word.
unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: only reads what `open` set.
    match unsafe { tracked(file) }.map_or(Fate::Done, |(disk, name)| disk.sync(name)) {
        Fate::Done => ffi::SQLITE_OK,
        Fate::Part(_, code) | Fate::Refused(code) => code,
    }
}
