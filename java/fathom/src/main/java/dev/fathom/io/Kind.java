package dev.fathom.io;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Kinds of files that people mistake for another, known by their first bytes.
 *
 * @param what what such a file is
 * @param remedy what to do where weights are wanted
 */
record Kind(String what, String remedy) {
    /** How many of the first bytes tell. */
    static final int HEAD = 512;

    private static final Pattern SHARD = Pattern.compile(".*\\.data-[0-9]{5}-of-[0-9]{5}");
    /** LevelDB's magic number, at the end of its tables. */
    private static final byte[] TABLE = {0x57, (byte) 0xfb, (byte) 0x80, (byte) 0x8b, 0x24, 0x75, 0x47, (byte) 0xdb};

    private static final String PICKLE =
            "the program that wrote it can write its arrays by safetensors.numpy.save_file({name: array, ...},"
                    + " \"weights.safetensors\")";
    /** What the module dev.fathom.files reads. */
    private static final String FILES =
            "open it by TensorFile.open or Model.load, with dev.fathom:fathom-files on the class path or the module"
                    + " path";

    private static final Kind PYTORCH = new Kind("a file of torch.save", FILES);
    private static final Kind KERAS = new Kind(
            "a model of Keras",
            "export it in Python by safetensors.numpy.save_file({v.path: v.numpy() for v in model.weights},"
                    + " \"weights.safetensors\"), and load it with Names that rename and transpose");
    private static final Kind HDF5 = new Kind("an HDF5 file, as Keras and h5py write it", KERAS.remedy);
    private static final Kind NPZ = new Kind("an npz archive of NumPy", FILES);
    private static final Kind NPY = new Kind("an npy array of NumPy", "read it with Npy.read, or " + PICKLE);
    private static final Kind ONNX = new Kind(
            "an ONNX model",
            "export its weights in Python by safetensors.numpy.save_file({t.name: onnx.numpy_helper.to_array(t) for t"
                    + " in onnx.load(path).graph.initializer}, \"weights.safetensors\")");
    private static final String TENSORFLOW =
            "export the variables in Python by safetensors.numpy.save_file({v.name: v.numpy() for v in"
                    + " model.variables}, \"weights.safetensors\")";

    /** What a file is that begins and ends with these bytes and has this name; null where it is not known. */
    static @Nullable Kind of(byte[] head, byte[] tail, String name) {
        int n = head.length;
        String text = new String(head, StandardCharsets.ISO_8859_1);
        String lower = text.stripLeading().toLowerCase(Locale.ROOT);
        if (n == 0) {
            return new Kind("an empty file", "fetch or save it again");
        }
        if (text.startsWith("PK\3\4") || text.startsWith("PK\5\6")) {
            return zip(text);
        }
        if (text.startsWith("\u0089HDF\r\n\u001a\n")) {
            return HDF5;
        }
        if (text.startsWith("\u0093NUMPY")) {
            return NPY;
        }
        if (text.startsWith("FATHPLAN")) {
            return new Kind(
                    "a frozen plan", "load it by Plan.load, or give the file of the weights that it was made of");
        }
        if (text.startsWith("GGUF") || text.startsWith("lmgg") || text.startsWith("tjgg")) {
            return new Kind("a GGUF file of llama.cpp", FILES);
        }
        if (text.startsWith("\u0080\2\u008a\nl\u00fc\u009cF\u00f9")) { // its magic number, before PyTorch 1.6
            return PYTORCH;
        }
        if (n > 1 && text.charAt(0) == 0x80 && text.charAt(1) >= 2 && text.charAt(1) <= 5) {
            return new Kind("a pickle of Python, which could run code", PICKLE);
        }
        if (text.startsWith("version https://git-lfs")) {
            return new Kind("a pointer of Git LFS and not the file itself", "fetch the file by `git lfs pull`");
        }
        if (lower.startsWith("<!doctype html") || lower.startsWith("<html") || lower.startsWith("<head")) {
            return new Kind(
                    "a web page, such as a server sends in place of a file",
                    "fetch the file by its direct address, after logging in where that is needed");
        }
        if (lower.startsWith("<?xml")) {
            return new Kind("an XML text, such as a server sends in place of a file", "fetch the file again");
        }
        if (lower.startsWith("{") || lower.startsWith("[")) {
            return lower.contains("\"weight_map\"")
                    ? new Kind("an index that tells which files hold which tensors", FILES)
                    : new Kind("a JSON text", "give the file of the tensors themselves");
        }
        if (text.startsWith("\u001f\u008b")
                || text.startsWith("BZh")
                || text.startsWith("\u00fd7zXZ\0")
                || text.startsWith("(\u00b5/\u00fd")
                || text.startsWith("7z\u00bc\u00af'\u001c")
                || n > 262 && text.startsWith("ustar", 257)) {
            return new Kind("a compressed file or an archive", "unpack it and give the file inside");
        }
        if (n > 7 && text.startsWith("TFL3", 4)) {
            return new Kind("a TensorFlow Lite model", TENSORFLOW);
        }
        if (text.startsWith("\10\1\22")) { // version 1 of its schema; no ONNX of version 1 is about
            return new Kind("a SavedModel of TensorFlow", TENSORFLOW);
        }
        if (text.startsWith("model_checkpoint_path:")
                || Arrays.equals(tail, TABLE)
                || SHARD.matcher(name).matches()) {
            return new Kind("part of a checkpoint of TensorFlow", TENSORFLOW);
        }
        // ModelProto: ir_version as a number, then a field with a length
        if (n > 2
                && text.charAt(0) == 8
                && text.charAt(1) > 0
                && text.charAt(1) < 32
                && "\22\32\42\50\62\72\102".indexOf(text.charAt(2)) >= 0) {
            return ONNX;
        }
        if (text.chars().allMatch(c -> c >= ' ' && c != 0x7f || c >= '\t' && c <= '\r')) {
            return new Kind(
                    "a text that begins with " + InputFile.quoted(text.substring(0, Math.min(n, 40))),
                    "give the file of the tensors themselves; a download that failed often leaves such a text");
        }
        return null;
    }

    /** What the names of an archive's first entries tell. */
    private static Kind zip(String text) {
        if (text.contains("/data.pkl") || text.contains("/constants.pkl") || text.contains("/.format_version")) {
            return PYTORCH;
        }
        if (text.contains("model.weights.h5") || text.contains("metadata.json") && text.contains("keras_version")) {
            return KERAS;
        }
        if (text.contains(".npy")) {
            return NPZ;
        }
        return new Kind("a zip archive", "unpack it and give the file inside");
    }
}
