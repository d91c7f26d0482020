package dev.fathom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.GroupNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Sgd;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a user can do wrong, and the sentence that answers: what is wrong, with the numbers and names of this call, and
 * what to do about it. Nothing is lost by any of it and nothing crashes.
 */
class BadInputTest {
    @TempDir
    Path folder;

    /** Expects this exception and message, in which HERE is a line of this file. */
    private static void refused(Class<? extends RuntimeException> type, String message, ThrowingCallable call) {
        String line = "\\E\\w+\\.[\\w$]+\\(BadInputTest\\.java:\\d+\\)\\Q";
        assertThatThrownBy(call)
                .isExactlyInstanceOf(type)
                .hasMessageMatching("\\Q" + message.replace("HERE", line) + "\\E");
    }

    private static void argument(String message, ThrowingCallable call) {
        refused(IllegalArgumentException.class, message, call);
    }

    private static void state(String message, ThrowingCallable call) {
        refused(IllegalStateException.class, message, call);
    }

    // ---- what a new user tries

    @Test
    void numbersThatMakeNoSense() {
        argument("uniform: lo=2.0 and hi=1.0; lo must not be above hi", () -> new Rng(1).uniform(3, 2, 1));
        argument("normal: std=-1.0 must be at least 0", () -> new Rng(1).normal(3, 0, -1));
        argument("normal: n=-1; give how many numbers, 0 or more", () -> new Rng(1).normal(-1, 0, 1));
        argument("Linear: in=-4 must be at least 1", () -> new Linear(-4, 3));
        argument("Dropout: p=1.0 is the probability to drop and must be in [0, 1)", () -> new Dropout(1));
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(2, 3);
            argument("clamp: lo=2.0 and hi=1.0; lo must not be above hi", () -> x.clamp(2, 1));
            argument("concat: there are no tensors; give at least one", () -> Tensor.concat(0, new Tensor[0]));
            argument(
                    "concat: input 0 [2] is F32 but input 1 [2] is I32; convert one of them",
                    () -> Tensor.concat(0, Tensor.zeros(2), Tensor.ofInts(new int[2], 2)));
            argument(
                    "topk: x [2, 3] has x.dim(1)=3 places but k=5 are asked for; choose 0 <= k <= dim(1)",
                    () -> x.topk(1, 5));
            argument(
                    "mean: x [0, 3] is empty along the dimensions to reduce; give at least one element",
                    () -> Tensor.zeros(0, 3).mean(0));
            argument(
                    "take: index 9 at row 0 is outside [-2, 2): give a number that exists; -1 is the last",
                    () -> x.take(0, Tensor.ofInts(new int[] {9}, 1)));
        }
    }

    @Test
    void recurrentNetsSayWhatTheyTake() {
        try (var model = Model.of(Recurrent.lstm(3, 4), 1);
                Pass pass = Pass.infer()) {
            argument(
                    "Recurrent: x [2, 3] must be [batch, steps, features]; reshape it, or embed tokens first",
                    () -> model.net().apply(Tensor.zeros(2, 3)));
            argument(
                    "Recurrent: lengths [2] are F32 but must be I32; make them with Tensor.ofInts, or convert them with"
                            + " to(DType.I32)",
                    () -> model.net().run(Tensor.zeros(2, 5, 3), State.EMPTY, Tensor.zeros(2)));
            argument(
                    "lstm: length 9 at row 0 is outside [0, 5]: lengths count the steps of a row that are no padding",
                    () -> model.net().run(Tensor.zeros(2, 5, 3), State.EMPTY, Tensor.ofInts(new int[] {9, 2}, 2)));
        }
    }

    @Test
    void aTextInThePlaceOfWeights() throws IOException {
        Path text = Files.writeString(folder.resolve("net.safetensors"), "Entry not found");
        try (var model = Model.of(new Linear(2, 3), 1)) {
            argument(
                    text + ": it is a text that begins with \"Entry not found\", not safetensors; give the file of the"
                            + " tensors themselves; a download that failed often leaves such a text",
                    () -> model.load(text));
        }
    }

    // ---- shapes and types

    @Test
    void shapesThatDisagree() {
        try (var model = Model.of(
                        new Sequential(new Linear(2, 3), Tensor::relu, new Sequential(new Linear(784, 64))), 1);
                Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(2, 3);
            argument(
                    "linear at 2.0: x [2, 3] and weight [64, 784] disagree: x.dim(1)=3 but weight.dim(1)=784",
                    () -> model.net().apply(Tensor.zeros(2, 2)));
            argument(
                    "add: a [2, 3] and b [2, 4] do not broadcast: a.dim(1)=3 but b.dim(1)=4; make them equal or "
                            + "one of them 1",
                    () -> x.add(Tensor.zeros(2, 4)));
            argument(
                    "matmul: a [2, 3] and b [2, 3] disagree: a.dim(1)=3 but b.dim(0)=2; they must be equal",
                    () -> x.matmul(Tensor.zeros(2, 3)));
            argument(
                    "reshape: x [2, 3] has 6 elements, which do not fill [4, 2]; the products must agree",
                    () -> x.reshape(4, 2));
            argument(
                    "slice: places 1 to 3 are outside x [2, 3]: x.dim(0)=2; choose 0 <= from <= to <= dim(0)",
                    () -> x.slice(0, 1, 3));
            argument("sum: x [2, 3] has no dimension 2; choose one from -2 to 1", () -> x.sum(2));
            refused(
                    IndexOutOfBoundsException.class,
                    "get: index [0, 3] is outside tensor value[#0] [2, 3]",
                    () -> x.get(0, 3));
            argument("item: tensor value[#0] [2, 3] has 6 elements; reduce it first, or use toArray()", x::item);
            argument(
                    "of: 5 values do not fill shape [2, 3], which has 6 elements; give one value for each",
                    () -> Tensor.of(new float[5], 2, 3));
            argument("shape [2, -1] has the dimension -1; dimensions are 0 or more", () -> Shape.of(2, -1));
        }
    }

    @Test
    void imagesThatAreNotFlattened() {
        try (var model = Model.of(new Linear(108, 3), 1);
                Pass pass = Pass.infer()) {
            argument(
                    "linear: x [2, 6, 6, 3] and weight [3, 108] disagree: x.dim(3)=3 but weight.dim(1)=108; make x"
                            + " [2, 108], as new Flatten() does",
                    () -> model.net().apply(Tensor.zeros(2, 6, 6, 3)));
            argument(
                    "linear: x [2, 7, 6, 3] and weight [3, 108] disagree: x.dim(3)=3 but weight.dim(1)=108",
                    () -> model.net().apply(Tensor.zeros(2, 7, 6, 3)));
        }
    }

    @Test
    void reshapesWithTwoFreeSizes() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(2, 3);
            argument(
                    "reshape: 2 sizes of [-1, 2, -1] are -1, which stands for what is left, but at most one may be;"
                            + " give the others as numbers",
                    () -> x.reshape(-1, 2, -1));
        }
    }

    /** Images in the order of other libraries. */
    @Test
    void channelsFirst() {
        try (var conv = Model.of(new Conv(3, 8, Window.of(5)), 1);
                var groups = Model.of(new Conv(4, 8, Window.line(2), 2), 1);
                var transposed = Model.of(new ConvTransposed(3, 8, Window.of(2)), 1);
                var norm = Model.of(new BatchNorm(3), 1);
                var group = Model.of(new GroupNorm(3, 6), 1)) {
            Tensor[] x = new Tensor[1];
            String fix = "; if x is [N, C, H, W], give x.permute(0, 2, 3, 1), as channels are the last dimension here";
            try (Pass pass = Pass.infer()) {
                x[0] = Tensor.zeros(2, 3, 28, 28);
                argument(
                        "conv: x [2, 3, 28, 28] and weight [8, 5, 5, 3] disagree: x.dim(3)=28 but weight.dim(3)=3; they"
                                + " must be equal" + fix,
                        () -> conv.net().apply(x[0]));
                argument(
                        "conv: x [2, 4, 9] and weight [8, 2, 2] disagree: x.dim(2)=9 but weight.dim(2)=2 of "
                                + "groups=2; it"
                                + " must be 4; if x is [N, C, L], give x.permute(0, 2, 1), as channels are the last"
                                + " dimension here",
                        () -> groups.net().apply(Tensor.zeros(2, 4, 9)));
                argument(
                        "conv: x [2, 28, 28, 1] and weight [8, 5, 5, 3] disagree: x.dim(3)=1 but weight.dim(3)=3; they"
                                + " must be equal",
                        () -> conv.net().apply(Tensor.zeros(2, 28, 28, 1)));
                argument(
                        "conv_transposed: x [2, 3, 28, 28] and weight [3, 2, 2, 8] disagree: x.dim(3)=28 but"
                                + " weight.dim(0)=3; they must be equal" + fix,
                        () -> transposed.net().apply(x[0]));
                argument(
                        "group_norm: x [2, 6, 9, 9] and weight [6] disagree: weight must be [9], as the last of x"
                                + fix,
                        () -> group.net().apply(Tensor.zeros(2, 6, 9, 9)));
                argument(
                        "batch_norm: x [2, 3, 28, 28] and running_mean [3] disagree: running_mean must be [28], as the"
                                + " last of x" + fix,
                        () -> norm.net().apply(x[0]));
                String small = "max_pool: x [2, 3, 28, 28] is too small for the window 5x5: x.dim(1)=3 and its padding"
                        + " make 3 but the window reaches over 5; pad more, or give a larger x"
                        + fix;
                argument(small, () -> x[0].maxPool(Window.of(5)));
                argument(small.replace("max_pool", "avg_pool"), () -> x[0].avgPool(Window.of(5)));
                argument(
                        "max_pool: x [2, 3, 4, 28] is too small for the window 5x5: x.dim(1)=3 and its padding make 3"
                                + " but the window reaches over 5; pad more, or give a larger x",
                        () -> Tensor.zeros(2, 3, 4, 28).maxPool(Window.of(5)));
            }
            try (Pass pass = Pass.train(new Rng(1))) {
                argument(
                        "batch_norm: x [2, 3, 28, 28] and weight [3] disagree: weight must be [28], as the last of x"
                                + fix,
                        () -> norm.net().apply(Tensor.zeros(2, 3, 28, 28)));
            }
        }
    }

    @Test
    void typesThatDisagree() {
        try (Pass pass = Pass.infer()) {
            Tensor i = Tensor.ofInts(new int[] {1, 2, 3}, 3);
            Tensor x = Tensor.zeros(2, 3);
            Tensor u = Tensor.ofBytes(ByteBuffer.allocate(3), 3);
            argument("add: a [3] is I32 but b [2, 3] is F32; convert a with to(DType.F32)", () -> i.add(x));
            argument("add: a [2, 3] is F32 but b [3] is I32; convert b with to(DType.F32)", () -> x.add(i));
            argument("sub: a [2, 3] is F32 but b [3] is U8; convert b with to(DType.F32)", () -> x.sub(u));
            argument("mul: a [3] is U8 but b [3] is I32; convert a with to(DType.I32)", () -> u.mul(i));
            argument("eq: a [3] is I32 but b [2, 3] is F32; convert a with to(DType.F32)", () -> i.eq(x));
            argument("ge: a [3] is I32 but b [3] is U8; convert b with to(DType.I32)", () -> i.ge(u));
        }
    }

    @Test
    void types() {
        try (Pass pass = Pass.grad()) {
            Tensor labels = Tensor.ofInts(new int[] {1, 2}, 2);
            Tensor x = Tensor.zeros(2, 3);
            argument("relu: x [2] is I32 but must be F32; convert it with to(DType.F32)", labels::relu);
            argument("sigmoid: x [2] is I32 but must be F32; convert it with to(DType.F32)", labels::sigmoid);
            argument(
                    "correct: input 1 [2] is F32 but must be I32; make it with Tensor.ofInts, or convert it with"
                            + " to(DType.I32)",
                    () -> x.correct(Tensor.zeros(2)));
            argument("toArray: tensor value[#0] [2] is I32; use toIntArray()", labels::toArray);
            argument("toIntArray: tensor value[#1] [2, 3] is F32; use toArray()", x::toIntArray);
            argument("watch: tensor value[#0] [2] is I32; only F32 tensors have gradients", () -> pass.watch(labels));
            argument(
                    "backward: tensor value[#1] [2, 3] is not a single number; reduce it with mean() or sum() first",
                    () -> pass.backward(x));
        }
    }

    @Test
    void labelsOutOfRange() {
        try (Pass pass = Pass.infer()) {
            Tensor logits = Tensor.zeros(2, 3);
            for (int bad : new int[] {3, -1}) {
                argument(
                        "cross_entropy: label " + bad
                                + " at row 1 is outside [0, 3): labels are class numbers, one less than the "
                                + "logits' last "
                                + "dimension at most",
                        () -> logits.crossEntropy(Tensor.ofInts(new int[] {0, bad}, 2)));
            }
        }
        argument(
                "of: label -1 of example 1 is out of range; number the classes from 0",
                () -> Dataset.of(new float[2], Shape.of(1), new int[] {0, -1}));
        try (var model = Model.of(new Sequential(new Linear(1, 2)), 1);
                Dataset data = Dataset.of(new float[4], Shape.of(1), new int[] {0, 1, 2, 0})) {
            argument(
                    "cross_entropy: label 2 at row 2 is outside [0, 2): labels are class numbers, one less than "
                            + "the logits' last dimension at most; the row is counted in the batch, and it is in y of "
                            + "example 2 of the dataset",
                    () -> Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                            .fit(data.batches(4), 1));
        }
    }

    // ---- data

    @Test
    void emptyAndBrokenData() {
        argument(
                "field x: there are no examples; give at least one",
                () -> Dataset.of(new float[0], Shape.of(2), new int[0]));
        argument(
                "field x: there are no examples; give at least one",
                () -> Dataset.images(new byte[0], Shape.of(28, 28), new int[0]));
        argument(
                "field x: 5 values are not whole examples of shape [2], which take 2 each; give a multiple of that",
                () -> Dataset.of(new float[5], Shape.of(2), new int[2]));
        argument(
                "of: the field x has 3 examples but y has 2; give equally many",
                () -> Dataset.of(new float[6], Shape.of(2), new int[2]));
        argument(
                "of: features row 1, column 0 is NaN; replace it, or leave the example out",
                () -> Dataset.of(new float[] {1, 2, Float.NaN, 4}, Shape.of(2), new int[2]));
        argument(
                "of: targets row 1, column 0 is -Infinity; replace it, or leave the example out",
                () -> Dataset.of(new float[2], Shape.of(1), new float[] {0, Float.NEGATIVE_INFINITY}, Shape.of(1)));
        argument(
                "of: features row 1 has 1 values but row 0 has 2; give all rows the same length",
                () -> Dataset.of(new float[][] {{1, 2}, {3}}, new int[2]));
    }

    @Test
    void batches() {
        try (Dataset data = Dataset.of(new float[10], Shape.of(1), new int[10])) {
            argument("batches: size=11 but the dataset has 10 examples; use at most that", () -> data.batches(11));
            argument(
                    "batches: size=11 but the dataset has 10 examples; use at most that",
                    () -> data.shuffled().batches(11));
            argument("batches: size=0; a batch has at least one example", () -> data.batches(0));
            argument("split: cannot hold 10 of 10 examples out; choose 1 to 9", () -> data.split(10, 1));
        }
    }

    // ---- hyperparameters

    @Test
    void hyperparameters() {
        argument("Adam: learningRate=0.0 must be above 0 and finite, e.g. 1e-3", () -> new Adam(0));
        argument("SGD: learningRate=-0.1 must be above 0 and finite, e.g. 1e-3", () -> new Sgd(-0.1f));
        argument("SGD: learningRate=NaN must be above 0 and finite, e.g. 1e-3", () -> new Sgd(Float.NaN));
        argument("Dropout: p=1.0 is the probability to drop and must be in [0, 1)", () -> new Dropout(1));
        argument("Linear: out=0 must be at least 1", () -> new Linear(784, 0));
        try (var model = Model.of(new Sequential(new Linear(1, 2)), 1);
                Dataset data = Dataset.of(new float[4], Shape.of(1), new int[4])) {
            Trainer<?> trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f));
            argument("fit: epochs=0 must be at least 1", () -> trainer.fit(data.batches(4), 0));
            argument(
                    "optimizer: learningRate=-0.001 must be 0 or more and finite",
                    () -> trainer.schedule((epochs, steps) -> -1).fit(data.batches(4), 1));
        }
    }

    // ---- files

    private Path file(String name, byte... content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    private static byte[] safetensors(String header, int data) {
        byte[] json = header.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        ByteBuffer b = ByteBuffer.allocate(8 + json.length + data).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        return b.putLong(json.length).put(json).array();
    }

    @Test
    void truncatedAndLyingFiles() throws IOException {
        Path none = folder.resolve("none");
        Path shortFile = file(
                "short.safetensors",
                safetensors("{\"weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}}", 20));
        Path huge = file(
                "huge.safetensors",
                ByteBuffer.allocate(16)
                        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                        .putLong(1L << 40)
                        .array());
        Path wrong = file(
                "wrong.safetensors",
                safetensors("{\"weight\":{\"dtype\":\"F32\",\"shape\":[3,3],\"data_offsets\":[0,24]}}", 24));
        try (var model = Model.of(new Linear(2, 3), 1)) {
            float[] before = model.net().weight().value().toArray();
            argument(
                    shortFile
                            + ": its tensors take 24 bytes but 20 lie behind its header; the file is damaged or "
                            + "not safetensors, fetch or save it again",
                    () -> model.load(shortFile));
            argument(
                    huge
                            + ": its header claims 1099511627776 bytes; there are 8 behind its length and "
                            + "100000000 are the most; the file is damaged or not safetensors, fetch or "
                            + "save it again",
                    () -> model.load(huge));
            argument(
                    wrong
                            + ": tensor \"weight\" lies at 0 to 24 but its shape [3, 3] takes 36 bytes; the file "
                            + "is damaged or not safetensors, fetch or save it again",
                    () -> model.load(wrong));
            refused(
                    UncheckedIOException.class,
                    "cannot read " + none + ": it does not exist; give the path of a file of tensors",
                    () -> model.load(none));
            assertThat(model.net().weight().value().toArray()).isEqualTo(before);
        }
    }

    @Test
    void aFolderThatCannotBeWritten() throws IOException {
        Path plain = Files.createFile(folder.resolve("plain"));
        try (var model = Model.of(new Linear(2, 3), 1)) {
            refused(
                    UncheckedIOException.class,
                    "cannot write " + plain.resolve("net.safetensors") + ": " + plain
                            + " is not a folder; choose another place",
                    () -> model.save(plain.resolve("net.safetensors")));
            refused(
                    UncheckedIOException.class,
                    "cannot write " + folder + ": it is a folder; give the name of a file in it",
                    () -> model.save(folder));
        }
    }

    // ---- tensors and passes

    @Test
    void aDeadTensor() {
        Tensor x;
        Tensor y;
        try (Pass pass = Pass.infer()) {
            x = Tensor.zeros(2, 3);
            y = x.relu();
        }
        state(
                "tensor relu[#1] [2, 3] is dead: its pass, opened at HERE, was closed; read it before the close, or"
                        + " keep() it",
                y::toArray);
        try (Pass pass = Pass.infer()) {
            state(
                    "tensor value[#0] [2, 3] is dead: its pass, opened at HERE, was closed; read it before the close,"
                            + " or keep() it",
                    () -> x.add(1));
        }
        assertThat(y.toString()).isEqualTo("relu[#1] [2, 3] (dead)");
    }

    private record Hoarder(Linear linear, Tensor[] hoard) implements dev.fathom.nn.Layer {
        @Override
        public Tensor forward(Tensor x) {
            hoard[0] = linear.apply(x);
            return hoard[0].relu();
        }
    }

    @Test
    void aReleasedTensor() {
        Hoarder hoarder = new Hoarder(new Linear(2, 2), new Tensor[1]);
        try (var model = Model.of(new Sequential(Tensor::relu, hoarder), 1);
                Pass pass = Pass.infer()) {
            model.net().apply(Tensor.zeros(1, 2));
            state(
                    "tensor linear[1.linear] [1, 2] was released when layer 1 returned; return it, or keep() it",
                    () -> hoarder.hoard()[0].toArray());
        }
    }

    @Test
    void nulls() {
        try (var model = Model.of(new Linear(2, 2), 1)) {
            Trainer<Linear> trainer = Trainer.of(model, Loss.crossEntropy(), new Sgd(1));
            Map<String, ThrowingCallable> calls = Map.of(
                    "Model.of: net", () -> Model.of(null, 1),
                    "Model.load: file", () -> model.load((Path) null),
                    "Model.save: file", () -> model.save(null),
                    "Model.copyFrom: other", () -> model.copyFrom(null),
                    "Trainer.of: model", () -> Trainer.of(null, Loss.crossEntropy(), new Sgd(1)),
                    "Trainer.of: loss", () -> Trainer.of(model, null, new Sgd(1)),
                    "Trainer.of: recipe", () -> Trainer.of(model, Loss.crossEntropy(), null),
                    "Trainer.fit: train", () -> trainer.fit((Batches) null, 1),
                    "Trainer.evaluate: data", () -> trainer.evaluate((Batches) null));
            calls.forEach((what, call) -> refused(NullPointerException.class, what + " must not be null", call));
        }
    }

    @Test
    void noPass() {
        String message = "no Pass is open on thread " + Thread.currentThread().getName()
                + "; wrap the call in try (var pass = Pass.infer())";
        state(message, () -> Tensor.zeros(3));
        state(message, () -> Tensor.of(new float[] {1}, 1));
        try (var model = Model.of(new Linear(2, 2), 1)) {
            state(message, () -> model.net().apply(model.net().weight().value()));
            state(message, () -> model.net().weight().value().relu());
        }
        try (Dataset data = Dataset.of(new float[4], Shape.of(1), new int[4])) {
            Batches.Epoch epoch = data.batches(2).epoch(0);
            state(message, epoch::next);
        }
    }

    @Test
    void aPassThatDoesNotRecord() {
        try (var model = Model.of(new Linear(2, 2), 1);
                Pass pass = Pass.infer()) {
            Tensor loss = model.net().apply(Tensor.zeros(1, 2)).sum();
            state(
                    "backward: nothing was recorded for tensor sum[#2] []: this pass does not record; open it "
                            + "with Pass.train(rng) or Pass.grad()",
                    () -> pass.backward(loss));
            state(
                    "watch: this pass records nothing; open it with Pass.grad() or Pass.train(rng)",
                    () -> pass.watch(loss));
        }
    }

    @Test
    void aSecondThread() throws InterruptedException {
        try (Pass pass = Pass.grad()) {
            Tensor x = Tensor.zeros(2);
            Throwable[] thrown = new Throwable[4];
            Thread other = new Thread(
                    () -> {
                        thrown[0] = catching(x::toArray);
                        thrown[1] = catching(() -> pass.watch(x));
                        thrown[2] = catching(pass::close);
                        try (Pass own = Pass.infer()) {
                            thrown[3] = catching(x::relu);
                        }
                    },
                    "other");
            other.start();
            other.join();
            String mine = Thread.currentThread().getName();
            String tensor = "tensor value[#0] [2] belongs to a pass of thread " + mine
                    + " but thread other used it; keep() it to share it";
            String whole = "this Pass belongs to thread " + mine
                    + " but thread other used it; open a Pass of its own there, or keep() the tensor to share it";
            assertThat(thrown[0])
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage(tensor);
            assertThat(thrown[1])
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage(whole);
            assertThat(thrown[2])
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage(whole);
            assertThat(thrown[3])
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage(tensor);
            assertThat(x.toArray()).as("nothing was lost").containsExactly(0, 0);
        }
    }

    private static Throwable catching(ThrowingCallable call) {
        try {
            call.call();
            return null;
        } catch (Throwable t) {
            return t;
        }
    }

    // ---- what is closed

    @Test
    void aClosedModel() {
        var model = Model.of(new Sequential(new Linear(2, 2)), 1);
        var net = model.net();
        Trainer<?> trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f));
        model.close();
        String closed = "model is closed: it was closed at HERE; use it before the close";
        model.close(); // once more does nothing
        state(closed, model::parameters);
        state(closed, () -> model.save(folder.resolve("net.safetensors")));
        state(closed, () -> model.load(folder.resolve("net.safetensors")));
        state(closed, model::copy);
        state(closed, () -> model.summary(Shape.of(1, 2)));
        state(closed, () -> model.part(net));
        state(closed, () -> model.freeze("*"));
        state(closed, () -> new Adam(1e-3f).on(model));
        state(closed, () -> Plan.freeze(model, Shape.of(1, 2)));
        state(
                "model: parameter 0.weight [2, 2] belongs to a model that is closed: it was closed at HERE; build a"
                        + " new net for each model",
                () -> Model.of(net, 1));
        try (Dataset data = Dataset.of(new float[4], Shape.of(2), new int[2])) {
            state(closed, () -> trainer.fit(data.batches(2), 1));
            state(closed, () -> trainer.evaluate(data));
        }
        try (Pass pass = Pass.infer()) {
            state(
                    "parameter 0.weight is gone: its memory was closed at HERE; use it before the close",
                    () -> net.apply(Tensor.zeros(1, 2)));
        }
    }

    @Test
    void aClosedPlanAndSession() {
        try (var model = Model.of(new Linear(2, 2), 1)) {
            Plan plan = Plan.freeze(model, Shape.of(1, 2));
            Session session = plan.newSession();
            Session open = plan.newSession();
            session.close();
            state("session is closed: it was closed at HERE; use it before the close", session::run);
            session.close(); // once more does nothing
            plan.close();
            state("plan is closed: it was closed at HERE; use it before the close", plan::newSession);
            state("plan is closed: it was closed at HERE; use it before the close", open::run);
            plan.close(); // once more does nothing
            open.close();
        }
    }

    @Test
    void theRestThatCanBeClosed() {
        Pass pass = Pass.infer();
        KeptTensor kept = Tensor.zeros(2).keep();
        try (Pass inner = Pass.infer()) {
            state(
                    "close: a Pass opened later on thread "
                            + Thread.currentThread().getName() + ", at HERE, is still open; close that one first",
                    pass::close);
        }
        pass.close();
        pass.close(); // once more does nothing
        state("this Pass, opened at HERE, was closed; open another one", pass::tape);
        kept.close();
        kept.close();
        state("tensor kept [2] is gone: its memory was closed at HERE; use it before the close", kept::toArray);

        Dataset data = Dataset.of(new float[4], Shape.of(2), new int[2]);
        Batches batches = data.batches(2);
        data.close();
        data.close(); // once more does nothing
        state("dataset is closed: it was closed at HERE; use it before the close", () -> batches.epoch(0));
        state("dataset is closed: it was closed at HERE; use it before the close", () -> data.split(1, 1));

        try (var model = Model.of(new Linear(2, 2), 1)) {
            var adam = new Adam(1e-3f).on(model);
            adam.close();
            adam.close(); // once more does nothing
            state("step: this optimizer was closed at HERE; make another with on(model)", adam::step);
        }
    }
}
