package dev.fathom.bench.torch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.ConvTranspose2dImpl;
import org.bytedeco.pytorch.ConvTranspose2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.SequentialImpl;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.TanhImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * PyTorch's end of {@code bench exchange}: {@code StateDict FOLDER DTYPE...} loads each of Fathom's networks from
 * {@code NET-fathom.safetensors}, under PyTorch's own names and in its own layout, and compares its outputs with
 * Fathom's; then writes a network of its own as {@code NET-torch-DTYPE.safetensors} for Fathom to do the same. Exits
 * with 1 where they differ.
 */
@SuppressWarnings("try") // guards are closed, not used
public final class StateDict {
    private static final double CLOSE = 1e-5;

    private abstract static class Net extends Module {
        abstract Tensor forward(Tensor x);

        Map<String, Tensor> state() {
            Map<String, Tensor> state = new TreeMap<>();
            for (StringTensorDict all : List.of(named_parameters(), named_buffers())) {
                StringVector names = all.keys();
                for (long i = 0; i < names.size(); i++) {
                    String name = names.get(i).getString();
                    state.put(name, all.get(name));
                }
            }
            return state;
        }

        /** Does what load_state_dict(strict=True) does. */
        void load(TensorFile file) throws IOException {
            Map<String, Tensor> state = state();
            List<String> others = new ArrayList<>(file.names());
            others.sort(null);
            if (!others.equals(List.copyOf(state.keySet()))) {
                throw new IOException("the file has " + others + " but PyTorch's state_dict has " + state.keySet());
            }
            for (Map.Entry<String, Tensor> named : state.entrySet()) {
                Tensor value = file.get(named.getKey());
                if (!Arrays.equals(value.shape(), named.getValue().shape())) {
                    throw new IOException(named.getKey() + " has another shape in the file");
                }
                named.getValue().copy_(value);
            }
        }
    }

    /** trunk.0 7-13, tanh, trunk.2 13-5, tanh; head 5-3. */
    private static final class Mlp extends Net {
        private final SequentialImpl trunk = new SequentialImpl();
        private final LinearImpl head = new LinearImpl(5, 3);

        Mlp() {
            trunk.push_back(new LinearImpl(7, 13));
            trunk.push_back(new TanhImpl());
            trunk.push_back(new LinearImpl(13, 5));
            trunk.push_back(new TanhImpl());
            register_module("trunk", trunk);
            register_module("head", head);
        }

        @Override
        Tensor forward(Tensor x) {
            return head.forward(trunk.forward(x));
        }
    }

    /**
     * conv 3-6 of every second pixel, norm, ReLU, depthwise 6, ReLU, transposed 6-4 to twice the size, ReLU; head
     * 320-3.
     */
    private static final class Cnn extends Net {
        private final Conv2dImpl conv = new Conv2dImpl(conv(3, 6, 1, false, 3, 3, 2, 1, 1));
        private final BatchNorm2dImpl norm = new BatchNorm2dImpl(new BatchNormOptions(6));
        private final Conv2dImpl depthwise = new Conv2dImpl(conv(6, 6, 6, true, 3, 5, 1, 1, 2));
        private final ConvTranspose2dImpl transposed;
        private final LinearImpl head = new LinearImpl(4 * 10 * 8, 3);

        Cnn() {
            ConvTranspose2dOptions twice = new ConvTranspose2dOptions(6, 4, new LongPointer(new long[] {2, 2}));
            twice.stride().put(new long[] {2, 2});
            transposed = new ConvTranspose2dImpl(twice);
            register_module("conv", conv);
            register_module("norm", norm);
            register_module("depthwise", depthwise);
            register_module("transposed", transposed);
            register_module("head", head);
        }

        private static Conv2dOptions conv(
                long in, long out, long groups, boolean bias, long kh, long kw, long stride, long top, long left) {
            Conv2dOptions o = new Conv2dOptions(in, out, new LongPointer(new long[] {kh, kw}));
            o.stride().put(new long[] {stride, stride});
            o.padding().put(new LongPointer(new long[] {top, left}));
            o.groups().put(groups);
            o.bias().put(bias);
            return o;
        }

        @Override
        Tensor forward(Tensor x) {
            Tensor maps = torch.relu(norm.forward(conv.forward(x)));
            maps = torch.relu(transposed.forward(torch.relu(depthwise.forward(maps))));
            return head.forward(torch.flatten(maps, 1, -1));
        }
    }

    private StateDict() {}

    /** Runs the command line. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        List<String> types = List.of(args).subList(1, args.length);
        try (NoGradGuard guard = new NoGradGuard()) {
            boolean equal = exchange(folder, "mlp", Mlp::new, types) & exchange(folder, "cnn", Cnn::new, types);
            System.exit(equal ? 0 : 1);
        }
    }

    private static boolean exchange(Path folder, String name, Supplier<Net> make, List<String> types)
            throws IOException {
        TensorFile theirs = TensorFile.read(folder.resolve(name + "-fathom.safetensors"));
        TensorFile io = TensorFile.read(folder.resolve(name + "-fathom-io.safetensors"));
        Net net = make.get();
        net.load(theirs);
        net.eval();
        double off =
                torch.max(torch.abs(net.forward(io.get("x")).sub(io.get("y")))).item_double();
        System.out.printf(
                "PyTorch %s with Fathom's %s: outputs differ by %.1e%s%n",
                TorchRows.version(), theirs.names(), off, off < CLOSE ? "" : ", which is too much");
        torch.manual_seed(1);
        Net own = make.get();
        own.forward(io.get("x")); // a batch for the running statistics
        for (String type : types) {
            TensorFile file = new TensorFile();
            Net rounded = make.get();
            for (Map.Entry<String, Tensor> named : own.state().entrySet()) {
                Tensor value = named.getValue();
                if (value.is_floating_point()) {
                    value = value.to(TensorFile.TYPES.get(type));
                }
                file.put(named.getKey(), value);
                rounded.state().get(named.getKey()).copy_(value);
            }
            file.text("format", "pt");
            file.write(folder.resolve(name + "-torch-" + type + ".safetensors"));
            rounded.eval();
            TensorFile expected = new TensorFile();
            expected.put("x", io.get("x"));
            expected.put("y", rounded.forward(io.get("x")));
            expected.write(folder.resolve(name + "-torch-" + type + "-io.safetensors"));
        }
        return off < CLOSE;
    }
}
