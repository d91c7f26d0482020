package dev.fathom.files;

import dev.fathom.files.Pickle.Dict;
import dev.fathom.files.Pickle.Global;
import dev.fathom.files.Pickle.Plain;
import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the pickles of PyTorch may name: tensors, their storages and types, plain containers, and modules, which are
 * nothing but the dictionary of their attributes. Whatever else a pickle names is refused, and nothing is ever run.
 */
final class TorchObjects implements Pickle.Types {
    private static final int MOST_DIMENSIONS = 64;

    /** Names that stand for a value or a type only. */
    private static final Set<String> PLAIN = Set.of(
            "builtins.int",
            "builtins.float",
            "builtins.bool",
            "builtins.str",
            "torch.Tensor",
            "torch._tensor.Tensor",
            "torch.strided",
            "torch.contiguous_format",
            "torch.per_tensor_affine",
            "torch.per_channel_affine",
            "torch.storage.UntypedStorage",
            "torch.storage._UntypedStorage",
            "torch.UntypedStorage",
            "numpy.ndarray");

    private static final Set<String> CALLED = Set.of(
            "collections.OrderedDict",
            "collections.defaultdict",
            "collections.Counter",
            "builtins.dict",
            "argparse.Namespace",
            "types.SimpleNamespace",
            "builtins.set",
            "builtins.frozenset",
            "builtins.list",
            "builtins.tuple",
            "builtins.bytearray",
            "builtins.bytes",
            "builtins.complex",
            "builtins.slice",
            "builtins.range",
            "_codecs.encode",
            "torch.Size",
            "torch.device",
            "torch.nn.parameter.Parameter",
            "torch.nn.parameter.Buffer",
            "torch._utils._rebuild_tensor",
            "torch._utils._rebuild_tensor_v2",
            "torch._utils._rebuild_tensor_v3",
            "torch._utils._rebuild_parameter",
            "torch._utils._rebuild_parameter_with_state",
            "torch._utils._rebuild_qtensor",
            "torch._utils._rebuild_meta_tensor_no_storage",
            "torch._tensor._rebuild_from_type",
            "torch._tensor._rebuild_from_type_v2",
            "torch.jit._pickle.build_intlist",
            "torch.jit._pickle.build_doublelist",
            "torch.jit._pickle.build_boollist",
            "torch.jit._pickle.build_tensorlist",
            "torch.jit._pickle.restore_type_tag",
            "numpy.dtype",
            "numpy.core.multiarray.scalar",
            "numpy.core.multiarray._reconstruct");

    /** A piece of memory that tensors share; its type is null where it holds bytes. */
    record Storage(String key, @Nullable TorchType type, long base, long size) {}

    /** A view of a storage, which is null where the tensor has none. */
    record Array(@Nullable Storage storage, TorchType type, long offset, long[] dims, long[] strides) {}

    /** The bytes of a number by the keys of the storages, as old files tell only how many numbers there are. */
    final Map<String, Integer> widths = new HashMap<>();

    @Override
    public Object global(String module, String name) {
        String from = module.equals("__builtin__")
                ? "builtins"
                : module.startsWith("numpy._core") ? "numpy.core" + module.substring("numpy._core".length()) : module;
        Global global = new Global(from, name);
        if (from.equals("torch")) {
            TorchType type = TorchType.named(name);
            if (type != null) {
                return type;
            }
        }
        String full = global.toString();
        boolean storage = (from.equals("torch") || from.equals("torch.storage") || from.equals("torch.cuda"))
                && TorchType.ofStorage(name) != null;
        boolean activation = from.equals("torch.nn.functional") || from.equals("torch._C._nn"); // of a whole module
        if (storage || activation || module(global) || PLAIN.contains(full) || CALLED.contains(full)) {
            return global;
        }
        throw new IllegalArgumentException("its pickle names " + InputFile.quoted(module + "." + name)
                + ", which is not read, as it could run code: only tensors and plain containers are; save them alone,"
                + " in Python by torch.save(model.state_dict(), path)");
    }

    /** The modules of TorchScript and of PyTorch itself, of which nothing but the attributes is read. */
    private static boolean module(Global type) {
        return type.module().startsWith("__torch__") || type.module().startsWith("torch.nn.modules.");
    }

    @Override
    public Object call(Object function, List<?> arguments) {
        if (!(function instanceof Global global)) {
            throw Opening.damaged("its pickle calls what is no function");
        }
        try {
            return made(global, arguments);
        } catch (IndexOutOfBoundsException | ClassCastException e) {
            throw Opening.damaged("its pickle calls " + global + " with other arguments than PyTorch writes");
        }
    }

    private Object made(Global global, List<?> arguments) {
        if (module(global)) {
            return new Dict(true);
        }
        String name = global.toString();
        return switch (name) {
            case "collections.OrderedDict", "collections.Counter", "builtins.dict" -> dict(arguments);
            case "collections.defaultdict" -> new Dict(false);
            case "argparse.Namespace", "types.SimpleNamespace" -> new Dict(true);
            case "builtins.set",
                    "builtins.frozenset",
                    "builtins.list",
                    "builtins.tuple",
                    "torch.Size",
                    "torch.jit._pickle.build_intlist",
                    "torch.jit._pickle.build_doublelist",
                    "torch.jit._pickle.build_boollist",
                    "torch.jit._pickle.build_tensorlist" ->
                arguments.isEmpty() ? new ArrayList<>(0) : (List<?>) arguments.get(0);
            case "torch.jit._pickle.restore_type_tag", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer" ->
                arguments.get(0);
            case "_codecs.encode" -> ((String) arguments.get(0)).getBytes(StandardCharsets.ISO_8859_1);
            case "builtins.bytes", "builtins.bytearray" -> arguments.isEmpty() ? new byte[0] : arguments.get(0);
            case "torch.device" ->
                new Plain(arguments.get(0) + (arguments.size() > 1 ? ":" + number(arguments.get(1)) : ""));
            case "builtins.complex", "builtins.slice", "builtins.range" -> new Plain(global.name());
            case "numpy.dtype" -> new Plain((String) arguments.get(0));
            case "numpy.core.multiarray.scalar" -> scalar(((Plain) arguments.get(0)).text(), arguments.get(1));
            case "numpy.core.multiarray._reconstruct" -> new Plain("an array of NumPy");
            case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_qtensor" ->
                array((Storage) arguments.get(0), null, arguments);
            case "torch._utils._rebuild_tensor_v3" ->
                array((Storage) arguments.get(0), (TorchType) arguments.get(6), arguments);
            case "torch._utils._rebuild_meta_tensor_no_storage" ->
                new Array(null, (TorchType) arguments.get(0), 0, numbers(arguments.get(1)), numbers(arguments.get(2)));
            case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" -> arguments.get(0);
            case "torch._tensor._rebuild_from_type", "torch._tensor._rebuild_from_type_v2" ->
                inner((Global) arguments.get(0), (List<?>) arguments.get(2));
            default -> throw Opening.damaged("its pickle calls " + name + ", which is no function");
        };
    }

    /** A tensor of a class of its own is the tensor that it is made of, which is never another such. */
    private Object inner(Global function, List<?> arguments) {
        if (function.name().startsWith("_rebuild_from_type")) {
            throw Opening.damaged("its pickle rebuilds a rebuilt tensor");
        }
        return call(function, arguments);
    }

    /** Made of a list of pairs, as Python 2 wrote it, or empty. */
    private static Dict dict(List<?> arguments) {
        Dict dict = new Dict(false);
        if (!arguments.isEmpty() && arguments.get(0) instanceof List<?> pairs) {
            for (Object pair : pairs) {
                dict.put(((List<?>) pair).get(0), ((List<?>) pair).get(1));
            }
        }
        return dict;
    }

    /** A single number of NumPy, little-endian as every machine of today writes it. */
    private static Object scalar(String type, Object value) {
        if (!(value instanceof byte[] bytes)) {
            return value;
        }
        long bits = 0;
        for (int i = Math.min(bytes.length, 8) - 1; i >= 0; i--) {
            bits = bits << 8 | bytes[i] & 0xff;
        }
        int unused = 64 - 8 * Math.min(bytes.length, 8);
        return switch (type) {
            case "f8" -> Double.longBitsToDouble(bits);
            case "f4" -> (double) Float.intBitsToFloat((int) bits);
            case "i1", "i2", "i4", "i8" -> bits << unused >> unused;
            case "u1", "u2", "u4" -> bits;
            case "b1" -> bits != 0;
            default -> new Plain("a number of NumPy");
        };
    }

    private static long number(Object value) {
        return (Long) value;
    }

    private static long[] numbers(Object value) {
        List<?> list = (List<?>) value;
        if (list.size() > MOST_DIMENSIONS) {
            throw Opening.damaged("its pickle has a tensor of " + list.size() + " dimensions but " + MOST_DIMENSIONS
                    + " are the most");
        }
        return list.stream().mapToLong(TorchObjects::number).toArray();
    }

    private static Array array(Storage storage, @Nullable TorchType given, List<?> arguments) {
        TorchType type = given != null ? given : storage.type != null ? storage.type : TorchType.UINT8;
        long offset = number(arguments.get(1));
        long[] dims = numbers(arguments.get(2));
        long[] strides = numbers(arguments.get(3));
        boolean shaped = dims.length == strides.length && TensorFile.Entry.elements(dims) >= 0;
        long span = shaped ? View.span(dims, strides) : -1;
        long size = storage.type == null ? storage.size / type.bytes : storage.size;
        if (span < 0 || offset < 0 || span > 0 && offset > size - span) {
            throw Opening.damaged("its pickle has a tensor of " + Arrays.toString(dims) + " with the strides "
                    + Arrays.toString(strides) + " from number " + offset + " on of a storage of " + size);
        }
        return new Array(storage, type, offset, dims, strides);
    }

    @Override
    public Object persistent(Object id) {
        try {
            List<?> list = (List<?>) id;
            if (list.get(0).equals("module")) {
                return list.get(1);
            }
            if (!list.get(0).equals("storage")) {
                throw Opening.damaged("its pickle leaves something else than a storage beside it");
            }
            TorchType type =
                    list.get(1) instanceof TorchType t ? t : TorchType.ofStorage(((Global) list.get(1)).name());
            String key = (String) list.get(2);
            int width = type == null ? 1 : type.bytes;
            widths.putIfAbsent(key, width);
            long base = 0;
            long size = number(list.get(4));
            if (list.size() > 5 && list.get(5) instanceof List<?> view) {
                key = (String) view.get(0);
                widths.putIfAbsent(key, width);
                base = number(view.get(1));
                size = number(view.get(2));
            }
            if (size < 0 || base < 0 || size > Long.MAX_VALUE >> 8 || base > Long.MAX_VALUE >> 8) {
                throw Opening.damaged("its pickle has a storage of " + size + " numbers from number " + base + " on");
            }
            return new Storage(key, type, base, size);
        } catch (IndexOutOfBoundsException | ClassCastException e) {
            throw Opening.damaged("its pickle has a storage that is not told as PyTorch does");
        }
    }
}
