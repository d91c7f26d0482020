/**
 * Files of named tensors and of raw arrays, and nothing above them: {@link dev.fathom.io.Safetensors}, the weights of
 * models in the layout that PyTorch's users exchange, a {@link dev.fathom.io.TensorFile} as those of the formats that
 * other modules read; {@link dev.fathom.io.Npy}, NumPy's arrays; {@link dev.fathom.io.TextFile}, characters and lines
 * in UTF-8; {@link dev.fathom.io.Packed}, bytes that may be gzip, for readers of other formats;
 * {@link dev.fathom.io.MappedFile}, bytes of a file that may be larger than the memory.
 *
 * <p>Files are hostile. A reader checks every length against the file before it believes it, allocates nothing that a
 * header merely claims, and refuses in one sentence (IllegalArgumentException: what is wrong with which file, and what
 * to do). What the system refuses (no such file, no permission, disk full) is an UncheckedIOException. A write goes to
 * a file beside, is forced to the disk, and is moved into place, so that there is always a whole file.
 *
 * <p>Rejected: kernels and views over mapped files (a file truncated by someone else then kills the process;
 * {@code MappedFile} gives copies), reading whole files into the heap (a model would be held twice; only a stream and a
 * file inside an archive are), Java serialization (it runs code), Python's pickle (the same).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.io;
