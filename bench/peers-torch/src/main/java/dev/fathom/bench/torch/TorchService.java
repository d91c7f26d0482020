package dev.fathom.bench.torch;

import dev.fathom.bench.Callers;
import dev.fathom.bench.Cold;
import dev.fathom.bench.Service;
import dev.fathom.bench.Work;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The tensors of one network, and a tensor over native memory for each caller. */
@SuppressWarnings("try") // scopes are closed, not used
public final class TorchService implements Service {
    private final float[] pixels = Work.gauss(1, Work.MLP[0], 1);
    private final Tensor[] weights = new Tensor[Work.MLP.length - 1];
    private final Tensor[] biases = new Tensor[weights.length];

    private TorchService() {
        for (int i = 0; i < weights.length; i++) {
            weights[i] = TorchRows.tensor(Work.weight(i), Work.MLP[i + 1], Work.MLP[i]);
            biases[i] = TorchRows.tensor(Work.bias(i), Work.MLP[i + 1]);
        }
    }

    /** No arguments; {@code write FILE} for the network as TorchScript, or {@code cold FILE} for one answer of that. */
    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            Callers.serve(new TorchService());
        } else if (args[0].equals("write")) {
            new TorchService().script().save(args[1]);
        } else {
            Cold.answered(first(args[1]));
        }
    }

    private static float[] first(String file) {
        float[] logits = new float[Work.MLP[Work.MLP.length - 1]];
        try (InferenceMode mode = new InferenceMode();
                PointerScope scope = new PointerScope()) {
            Tensor x = torch.from_blob(new FloatPointer(Cold.pixels()), 1, Work.MLP[0]);
            torch.load(file)
                    .forward(new IValueVector(new IValue(x)))
                    .toTensor()
                    .data_ptr_float()
                    .get(logits, 0, logits.length);
        }
        return logits;
    }

    private JitModule script() {
        JitModule script = new JitModule(new QualifiedName("mlp"));
        StringBuilder forward = new StringBuilder("def forward(self, x):\n");
        for (int i = 0; i < weights.length; i++) {
            script.register_parameter("w" + i, weights[i], false);
            script.register_parameter("b" + i, biases[i], false);
            String layer = "torch.linear(x, self.w" + i + ", self.b" + i + ")";
            forward.append(i + 1 < weights.length ? "  x = torch.relu(" + layer + ")\n" : "  return " + layer + "\n");
        }
        script.define(forward.toString());
        return script;
    }

    @Override
    public String about() {
        return TorchRows.about();
    }

    @Override
    public Caller caller() {
        FloatPointer in = new FloatPointer(pixels.length);
        Tensor x = torch.from_blob(in, 1, pixels.length);
        float[] logits = new float[Work.MLP[Work.MLP.length - 1]];
        return () -> {
            try (InferenceMode mode = new InferenceMode();
                    PointerScope scope = new PointerScope()) {
                in.put(pixels, 0, pixels.length);
                Tensor h = x;
                for (int i = 0; i < weights.length; i++) {
                    h = torch.linear(h, weights[i], biases[i]);
                    if (i + 1 < weights.length) {
                        h.relu_();
                    }
                }
                h.data_ptr_float().get(logits, 0, logits.length);
            }
            return logits;
        };
    }
}
