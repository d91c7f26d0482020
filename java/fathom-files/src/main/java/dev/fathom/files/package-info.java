/**
 * Files of named tensors in the formats of other programs, which {@link dev.fathom.io.TensorFile#open} and
 * {@link dev.fathom.nn.Model#load(java.nio.file.Path)} find: PyTorch's, GGUF, llama2.c's, npz archives, and weights in
 * several files. {@link dev.fathom.files.Npz} also writes.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.files;
