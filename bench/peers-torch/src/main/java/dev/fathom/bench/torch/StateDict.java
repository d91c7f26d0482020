package dev.fathom.bench.torch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
 * PyTorch's end of {@code bench exchange}: {@code StateDict FOLDER DTYPE...} loads Fathom's network from {@code fathom.safetensors},
 * under PyTorch's own names, and compares its outputs with Fathom's; then writes a network of its own as
 * {@code torch-DTYPE.safetensors} for Fathom to do the same. Exits with 1 where they differ.
 */
@SuppressWarnings("try") // guards are closed, not used
public final class StateDict {
    private static final double CLOSE = 1e-5;

    /** trunk.0 7-13, tanh, trunk.2 13-5, tanh; head 5-3. */
    private static final class Net extends Module {
        private final SequentialImpl trunk = new SequentialImpl();
        private final LinearImpl head = new LinearImpl(5, 3);

        Net() {
            trunk.push_back(new LinearImpl(7, 13));
            trunk.push_back(new TanhImpl());
            trunk.push_back(new LinearImpl(13, 5));
            trunk.push_back(new TanhImpl());
            register_module("trunk", trunk);
            register_module("head", head);
        }

        Tensor forward(Tensor x) {
            return head.forward(trunk.forward(x));
        }

        Map<String, Tensor> state() {
            Map<String, Tensor> state = new TreeMap<>();
            StringTensorDict all = named_parameters();
            StringVector names = all.keys();
            for (long i = 0; i < names.size(); i++) {
                String name = names.get(i).getString();
                state.put(name, all.get(name));
            }
            return state;
        }

        /** As load_state_dict(strict=True). */
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

    private StateDict() {}

    /** Runs the command line. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        try (NoGradGuard guard = new NoGradGuard()) {
            TensorFile theirs = TensorFile.read(folder.resolve("fathom.safetensors"));
            TensorFile io = TensorFile.read(folder.resolve("fathom-io.safetensors"));
            Net net = new Net();
            net.load(theirs);
            double off = torch.max(torch.abs(net.forward(io.get("x")).sub(io.get("y"))))
                    .item_double();
            System.out.printf(
                    "PyTorch %s with Fathom's %s: outputs differ by %.1e%n", torch.TORCH_VERSION, theirs.names(), off);
            if (!(off < CLOSE)) {
                System.out.println("that is too much");
                System.exit(1);
            }
            torch.manual_seed(1);
            Net own = new Net();
            for (String type : List.of(args).subList(1, args.length)) {
                TensorFile file = new TensorFile();
                Net rounded = new Net();
                for (Map.Entry<String, Tensor> named : own.state().entrySet()) {
                    Tensor value = named.getValue().to(TensorFile.TYPES.get(type));
                    file.put(named.getKey(), value);
                    rounded.state().get(named.getKey()).copy_(value);
                }
                file.text("format", "pt");
                file.write(folder.resolve("torch-" + type + ".safetensors"));
                TensorFile expected = new TensorFile();
                expected.put("x", io.get("x"));
                expected.put("y", rounded.forward(io.get("x")));
                expected.write(folder.resolve("torch-" + type + "-io.safetensors"));
            }
        }
    }
}
