package dev.fathom.bench.torch;

import dev.fathom.bench.torch.GoldenLosses.Named;
import dev.fathom.bench.torch.GoldenLosses.Targets;
import dev.fathom.bench.torch.Goldens.Input;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.RMSprop;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Optimizers on gradients that are given, and a network trained with each loss. */
@SuppressWarnings("try") // scopes are closed, not used
final class GoldenTraining {
    private static final int STEPS = 20;
    private static final int TRAINING_STEPS = 50;
    private static final int BATCHES = 5;
    private static final int BATCH = 11;

    private GoldenTraining() {}

    // ---- recipes: hyperparameters are the float32 numbers that Fathom has

    static Optimizer sgd(TensorVector p, float lr, float momentum, float dampening, boolean nesterov, float decay) {
        return new SGD(p, sgd(lr, momentum, dampening, nesterov, decay));
    }

    private static SGDOptions sgd(float lr, float momentum, float dampening, boolean nesterov, float decay) {
        SGDOptions o = new SGDOptions(lr);
        o.momentum().put(momentum);
        o.dampening().put(dampening);
        o.nesterov().put(nesterov);
        o.weight_decay().put(decay);
        return o;
    }

    static Optimizer adam(TensorVector p, float lr, float beta1, float beta2, float epsilon, float decay) {
        AdamOptions o = new AdamOptions(lr);
        betas(o.betas(), beta1, beta2);
        o.eps().put(epsilon);
        o.weight_decay().put(decay);
        return new Adam(p, o);
    }

    private static Optimizer adamW(TensorVector p, float lr, float beta1, float beta2, float epsilon, float decay) {
        AdamWOptions o = new AdamWOptions(lr);
        betas(o.betas(), beta1, beta2);
        o.eps().put(epsilon);
        o.weight_decay().put(decay);
        return new AdamW(p, o);
    }

    /** A C++ tuple, which libstdc++ stores backward; its defaults tell. */
    private static void betas(DoublePointer betas, double beta1, double beta2) {
        int first = betas.get(0) == 0.9 ? 0 : 1;
        if (betas.get(first) != 0.9 || betas.get(1 - first) != 0.999) {
            throw new IllegalStateException("betas are " + betas.get(0) + " and " + betas.get(1));
        }
        betas.put(first, beta1).put(1 - first, beta2);
    }

    private static Optimizer rmsprop(
            TensorVector p, float lr, float alpha, float epsilon, float decay, float momentum, boolean centered) {
        RMSpropOptions o = new RMSpropOptions(lr);
        o.alpha().put(alpha);
        o.eps().put(epsilon);
        o.weight_decay().put(decay);
        o.momentum().put(momentum);
        o.centered().put(centered);
        return new RMSprop(p, o);
    }

    /** The first parameter as given, the second at half the rate and without weight decay. */
    private static Optimizer groups(TensorVector p) {
        SGD optimizer = new SGD(new TensorVector(p.get(0)), sgd(0.05f, 0.9f, 0, false, 0.1f));
        optimizer.add_param_group(new OptimizerParamGroup(new TensorVector(p.get(1)), sgd(0.025f, 0.9f, 0, false, 0)));
        return optimizer;
    }

    private record Form(Function<TensorVector, Optimizer> optimizer, float clipNorm, float clipValue) {
        Form(Function<TensorVector, Optimizer> optimizer) {
            this(optimizer, 0, 0);
        }

        void clip(TensorVector parameters) {
            if (clipNorm > 0) {
                torch.clip_grad_norm_(parameters, clipNorm);
            }
            if (clipValue > 0) {
                torch.clip_grad_value_(parameters, clipValue);
            }
        }
    }

    private static Map<String, Form> forms() {
        Map<String, Form> all = new LinkedHashMap<>();
        all.put("sgd", new Form(p -> sgd(p, 0.05f, 0, 0, false, 0)));
        all.put("sgd decay", new Form(p -> sgd(p, 0.05f, 0, 0, false, 0.3f)));
        all.put("sgd momentum", new Form(p -> sgd(p, 0.02f, 0.9f, 0, false, 0)));
        all.put("sgd dampening", new Form(p -> sgd(p, 0.02f, 0.9f, 0.4f, false, 0.1f)));
        all.put("sgd nesterov", new Form(p -> sgd(p, 0.02f, 0.8f, 0, true, 0)));
        all.put("sgd nesterov decay", new Form(p -> sgd(p, 0.02f, 0.8f, 0, true, 0.1f)));
        all.put("adam", new Form(p -> adam(p, 0.01f, 0.9f, 0.999f, 1e-8f, 0)));
        all.put("adam decay", new Form(p -> adam(p, 0.01f, 0.9f, 0.999f, 1e-8f, 0.2f)));
        all.put("adam betas", new Form(p -> adam(p, 0.01f, 0.5f, 0.9f, 1e-3f, 0)));
        all.put("adamW", new Form(p -> adamW(p, 0.01f, 0.9f, 0.999f, 1e-8f, 0.01f)));
        all.put("adamW decay", new Form(p -> adamW(p, 0.01f, 0.8f, 0.99f, 1e-6f, 0.5f)));
        all.put("rmsprop", new Form(p -> rmsprop(p, 0.01f, 0.99f, 1e-8f, 0, 0, false)));
        all.put("rmsprop decay", new Form(p -> rmsprop(p, 0.01f, 0.9f, 1e-6f, 0.2f, 0, false)));
        all.put("rmsprop momentum", new Form(p -> rmsprop(p, 0.01f, 0.99f, 1e-8f, 0, 0.9f, false)));
        all.put("rmsprop centered", new Form(p -> rmsprop(p, 0.01f, 0.99f, 1e-4f, 0, 0, true)));
        all.put("rmsprop centered momentum", new Form(p -> rmsprop(p, 0.01f, 0.9f, 1e-4f, 0.1f, 0.8f, true)));
        all.put("sgd groups", new Form(GoldenTraining::groups));
        all.put("sgd clipped by norm", new Form(p -> sgd(p, 0.05f, 0.9f, 0, false, 0.1f), 1.5f, 0));
        all.put("adam clipped by value", new Form(p -> adam(p, 0.01f, 0.9f, 0.999f, 1e-8f, 0), 0, 0.5f));
        return all;
    }

    /**
     * {@code start/NAME} and {@code gradients/NAME} with a row a step; then {@code FORM/NAME}, the parameter after each
     * step. Gradients have sizes from 1 to 1e-8, so that epsilon matters.
     */
    static void optimizers(Goldens to) {
        to.seed("optimizers");
        List<Input> start = List.of(to.x(-1, 1, 3, 5), to.x(-1, 1, 7));
        List<Input> gradients = List.of(to.x(-1, 1, STEPS, 3, 5), to.x(-1, 1, STEPS, 7));
        for (Input g : gradients) {
            float[] v = g.values();
            int n = v.length / STEPS;
            for (int i = 0; i < v.length; i++) {
                v[i] *= (float) Math.pow(0.1, i % n % 5 * 2);
            }
        }
        List<String> names = List.of("weight", "bias");
        for (int i = 0; i < names.size(); i++) {
            to.put("start/" + names.get(i), start.get(i).tensor());
            to.put("gradients/" + names.get(i), gradients.get(i).tensor());
        }
        forms().forEach((name, form) -> {
            try (PointerScope scope = new PointerScope()) {
                TensorVector p =
                        new TensorVector(start.get(0).tensor(), start.get(1).tensor());
                Optimizer optimizer = form.optimizer.apply(p);
                List<List<Tensor>> after = List.of(new ArrayList<>(), new ArrayList<>());
                for (int step = 0; step < STEPS; step++) {
                    optimizer.zero_grad();
                    Tensor loss = null;
                    for (int i = 0; i < names.size(); i++) {
                        // the gradient of a weighted sum: the weights
                        Tensor part = torch.sum(
                                p.get(i).mul(gradients.get(i).tensor().detach().select(0, step)));
                        loss = loss == null ? part : loss.add(part);
                    }
                    loss.backward();
                    form.clip(p);
                    optimizer.step();
                    for (int i = 0; i < names.size(); i++) {
                        after.get(i).add(p.get(i).detach().clone());
                    }
                }
                for (int i = 0; i < names.size(); i++) {
                    to.put(
                            name + "/" + names.get(i),
                            torch.stack(new TensorVector(after.get(i).toArray(Tensor[]::new)), 0));
                }
            }
        });
    }

    /**
     * A network 7-13-5 with tanh from {@code start/NAME} on, 50 steps over the five batches {@code x} and {@code KIND},
     * with each loss: {@code LOSS/loss} before each step, and {@code LOSS/NAME} at the end.
     */
    static void training(Goldens to) {
        to.seed("training");
        Map<String, Input> start = new LinkedHashMap<>();
        start.put("0.weight", to.x(-0.4, 0.4, 13, 7));
        start.put("0.bias", to.x(-0.4, 0.4, 13));
        start.put("2.weight", to.x(-0.3, 0.3, 5, 13));
        start.put("2.bias", to.x(-0.3, 0.3, 5));
        start.forEach((name, p) -> to.put("start/" + name, p.tensor()));
        Input x = to.x(-1.5, 1.5, BATCHES, BATCH, 7).constant();
        to.put("x", x.tensor());
        Map<Targets, Input> targets = new EnumMap<>(Targets.class);
        for (Targets kind : Targets.values()) {
            targets.put(kind, GoldenLosses.target(to, kind, BATCHES, BATCH));
            to.put("targets/" + kind.name().toLowerCase(), targets.get(kind).tensor());
        }
        GoldenLosses.all().forEach((name, loss) -> {
            // a sum has the gradients of 55 means
            float rate = name.equals("sse") ? 0.05f / 55 : 0.05f;
            train(to, name, loss, start, x, targets.get(loss.targets()), p -> sgd(p, rate, 0.9f, 0, false, 0));
        });
        Named loss = GoldenLosses.all().get("crossEntropy");
        Input labels = targets.get(loss.targets());
        train(to, "adam", loss, start, x, labels, p -> adam(p, 0.01f, 0.9f, 0.999f, 1e-8f, 0));
        train(to, "adamW", loss, start, x, labels, p -> adamW(p, 0.01f, 0.9f, 0.999f, 1e-8f, 0.01f));
        train(to, "rmsprop", loss, start, x, labels, p -> rmsprop(p, 0.003f, 0.99f, 1e-8f, 0, 0, false));
    }

    private static void train(
            Goldens to,
            String name,
            Named loss,
            Map<String, Input> start,
            Input x,
            Input targets,
            Function<TensorVector, Optimizer> recipe) {
        try (PointerScope scope = new PointerScope()) {
            List<String> names = List.copyOf(start.keySet());
            TensorVector p = new TensorVector(
                    names.stream().map(n -> start.get(n).tensor()).toArray(Tensor[]::new));
            Optimizer optimizer = recipe.apply(p);
            float[] curve = new float[TRAINING_STEPS];
            for (int step = 0; step < TRAINING_STEPS; step++) {
                Tensor in = x.tensor().select(0, step % BATCHES);
                Tensor h = torch.tanh(torch.linear(in, p.get(0), p.get(1)));
                Tensor y = torch.linear(h, p.get(2), p.get(3));
                Tensor l = loss.of().apply(y, targets.tensor().select(0, step % BATCHES));
                curve[step] = (float) l.item_double();
                optimizer.zero_grad();
                l.backward();
                optimizer.step();
            }
            to.put(name + "/loss", Goldens.floats(curve, TRAINING_STEPS));
            for (int i = 0; i < names.size(); i++) {
                to.put(name + "/" + names.get(i), p.get(i));
            }
        }
    }
}
