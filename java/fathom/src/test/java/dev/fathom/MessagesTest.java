package dev.fathom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * The exact text of what the core says about the life of tensors and passes. It stands outside the library's packages,
 * because the library names the caller's line and skips its own.
 */
class MessagesTest {
    private static int line() {
        return StackWalker.getInstance()
                .walk(s -> s.skip(1).findFirst().orElseThrow())
                .getLineNumber();
    }

    private static String at(String method, int line) {
        return "MessagesTest." + method + "(MessagesTest.java:" + line + ")";
    }

    private static Throwable onAThread(String name, Runnable body) {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread t = new Thread(body, name);
        t.setUncaughtExceptionHandler((thread, e) -> thrown.set(e));
        t.start();
        try {
            t.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return thrown.get();
    }

    // ---- the end of a pass

    @Test
    void aTensorOfAClosedPassSaysWhatItWasAndWhereItsPassWasOpened() {
        try (var model = Model.of(new Sequential(new Linear(4, 10)), 1)) {
            int line = line() + 1;
            Pass pass = Pass.infer();
            Tensor y = model.net().apply(Tensor.zeros(2, 4));
            pass.close();
            String message = "tensor linear[0] [2, 10] is dead: its pass, opened at "
                    + at("aTensorOfAClosedPassSaysWhatItWasAndWhereItsPassWasOpened", line)
                    + ", was closed; read it before the close, or keep() it";
            assertThatIllegalStateException().isThrownBy(y::toArray).withMessage(message);
            assertThatIllegalStateException().isThrownBy(() -> y.get(0, 0)).withMessage(message);
            assertThatIllegalStateException().isThrownBy(y::keep).withMessage(message);
            try (Pass next = Pass.infer()) {
                assertThatIllegalStateException().isThrownBy(y::relu).withMessage(message);
                assertThatIllegalStateException()
                        .isThrownBy(() -> Tensor.zeros(2, 10).add(y))
                        .withMessage(message);
                assertThatIllegalStateException().isThrownBy(y::detach).withMessage(message);
            }
            assertThat(y).hasToString("linear[0] [2, 10] (dead)");
            assertThat(y.shape()).hasToString("[2, 10]");
        }
    }

    @Test
    void aViewDiesWithWhatItViews() {
        int line = line() + 1;
        Pass pass = Pass.infer();
        Tensor y = Tensor.zeros(2, 3).reshape(3, 2);
        pass.close();
        assertThatIllegalStateException()
                .isThrownBy(y::toArray)
                .withMessage(
                        "tensor reshape[#1] [3, 2] is dead: its pass, opened at " + at("aViewDiesWithWhatItViews", line)
                                + ", was closed; read it before the close, or keep() it");
    }

    @Test
    void aTensorThatNobodyNamedIsKnownByItsNumber() {
        Pass pass = Pass.infer();
        Tensor x = Tensor.zeros(2);
        Tensor y = x.relu();
        assertThat(x).hasToString("value[#0] [2] = [0.0, 0.0]");
        assertThat(y).hasToString("relu[#1] [2] = [0.0, 0.0]");
        assertThat(Tensor.zeros(20).toString())
                .isEqualTo("value[#2] [20] = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, ...]");
        assertThat(Tensor.ofInts(new int[] {-5, 16_777_217}, 2))
                .as("what no float holds")
                .hasToString("value[#3] [2] = [-5, 16777217]");
        pass.close();
    }

    @Test
    void aClosedPassRefusesEverything() {
        int line = line() + 1;
        Pass pass = Pass.train(new Rng(1));
        Tensor y = pass.watch(Tensor.scalar(1)).square();
        pass.close();
        String message =
                "this Pass, opened at " + at("aClosedPassRefusesEverything", line) + ", was closed; open another one";
        assertThatIllegalStateException().isThrownBy(() -> pass.backward(y)).withMessage(message);
        assertThatIllegalStateException().isThrownBy(() -> pass.randn(2)).withMessage(message);
        assertThatIllegalStateException().isThrownBy(() -> pass.watch(y)).withMessage(message);
        assertThatIllegalStateException().isThrownBy(() -> pass.gradient(y)).withMessage(message);
        assertThatIllegalStateException().isThrownBy(pass::tape).withMessage(message);
        assertThatIllegalStateException().isThrownBy(pass::liveBytes).withMessage(message);
        assertThatIllegalStateException().isThrownBy(pass::peakBytes).withMessage(message);
    }

    @Test
    void passesCloseInTheOppositeOrder() {
        try (Pass outer = Pass.infer()) {
            try (Pass inner = Pass.infer()) {
                assertThatIllegalStateException()
                        .isThrownBy(outer::close)
                        .withMessageMatching("close: a Pass opened later on thread main, at"
                                + " MessagesTest\\.passesCloseInTheOppositeOrder\\(MessagesTest\\.java:\\d+\\), is"
                                + " still open; close that one first");
                assertThat(Pass.current()).isSameAs(inner);
            }
            assertThat(Pass.current()).isSameAs(outer);
        }
    }

    // ---- no pass, the wrong thread

    @Test
    void withoutAPassNothingIsComputed() {
        String message = "no Pass is open on thread main; wrap the call in try (var pass = Pass.infer())";
        assertThatIllegalStateException().isThrownBy(() -> Tensor.zeros(2)).withMessage(message);
        assertThatIllegalStateException()
                .isThrownBy(() -> Tensor.of(new float[1], 1))
                .withMessage(message);
        assertThatIllegalStateException().isThrownBy(Pass::current).withMessage(message);
        KeptTensor kept;
        try (Pass pass = Pass.infer()) {
            kept = Tensor.scalar(4).keep();
        }
        try (kept) {
            assertThatIllegalStateException().isThrownBy(kept::sqrt).withMessage(message);
        }
        try (var model = Model.of(new Sequential(new Linear(4, 10)), 1)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> model.net()
                            .layers()
                            .get(0)
                            .apply(model.parameters().get(0).value()))
                    .withMessage(message);
        }
    }

    @Test
    void aPassBelongsToItsThread() {
        try (Pass pass = Pass.grad()) {
            Tensor x = Tensor.zeros(2, 3);
            assertThat(onAThread("other", x::relu))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("no Pass is open on thread other; wrap the call in try (var pass = Pass.infer())");
            String tensor =
                    "tensor value[#0] [2, 3] belongs to a pass of thread main but thread other used it; keep() it to"
                            + " share it";
            assertThat(onAThread("other", x::toArray))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(tensor);
            assertThat(onAThread("other", x::keep))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(tensor);
            assertThat(onAThread("other", () -> {
                        try (Pass own = Pass.infer()) {
                            x.relu();
                        }
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(tensor);
            String belongs =
                    "this Pass belongs to thread main but thread other used it; open a Pass of its own there, or"
                            + " keep() the tensor to share it";
            List<Runnable> uses = List.of(
                    pass::close,
                    () -> pass.backward(x),
                    () -> pass.watch(x),
                    () -> pass.randn(2),
                    () -> pass.uniform(Shape.of(2), 0, 1));
            for (Runnable use : uses) {
                assertThat(onAThread("other", use))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage(belongs);
            }
        }
    }

    // ---- early release

    record Hoarder(List<Tensor> hoard) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Tensor h = x.square();
            hoard.add(h);
            return h.relu();
        }
    }

    @Test
    void aLayerThatHoardsGetsASentence() {
        List<Tensor> hoard = new ArrayList<>();
        Layer identity = x -> x.mul(1);
        try (var model = Model.of(new Sequential(identity, identity, identity, new Hoarder(hoard)), 1);
                Pass pass = Pass.infer()) {
            Tensor y = model.net().apply(Tensor.full(Shape.of(1, 3), 2));
            assertThat(y.toArray()).containsExactly(4, 4, 4);
            String message = "tensor square[3] [1, 3] was released when layer 3 returned; return it, or keep() it";
            assertThatIllegalStateException()
                    .isThrownBy(() -> hoard.get(0).toArray())
                    .withMessage(message);
            assertThatIllegalStateException()
                    .isThrownBy(() -> hoard.get(0).add(y))
                    .withMessage(message);
            assertThat(hoard.get(0)).hasToString("square[3] [1, 3] (dead)");
        }
    }

    @Test
    void outsideAnyModelTheSentenceSaysSo() {
        List<Tensor> hoard = new ArrayList<>();
        try (Pass pass = Pass.infer()) {
            Pass.frame(this, () -> {
                hoard.add(Tensor.zeros(2));
                return Tensor.scalar(1);
            });
            assertThatIllegalStateException()
                    .isThrownBy(() -> hoard.get(0).toArray())
                    .withMessage("tensor value[#0] [2] was released when its net returned; return it, or keep() it");
        }
    }

    // ---- kept tensors

    @Test
    void aClosedKeptTensorSaysWhere() {
        KeptTensor kept;
        try (Pass pass = Pass.infer()) {
            kept = Tensor.of(new float[] {1, 2}, 2).keep();
        }
        assertThat(kept.toArray()).containsExactly(1, 2);
        assertThat(onAThread("other", () -> assertThat(kept.toArray()).containsExactly(1, 2)))
                .isNull();
        int line = line() + 1;
        kept.close();
        String where = at("aClosedKeptTensorSaysWhere", line);
        assertThatIllegalStateException()
                .isThrownBy(kept::toArray)
                .withMessage(
                        "tensor kept [2] is gone: its memory was closed at " + where + "; use it before the close");
        try (Pass pass = Pass.infer()) {
            assertThatIllegalStateException()
                    .isThrownBy(kept::relu)
                    .withMessage(
                            "tensor kept [2] is gone: its memory was closed at " + where + "; use it before the close");
        }
        kept.close(); // a second time is harmless
    }

    @Test
    void theMemoryOfAClosedModelIsGone() {
        var model = Model.of(new Sequential(new Linear(2, 1)), 1);
        Tensor w = model.parameters().get(0).value();
        int line = line() + 1;
        model.close();
        assertThatIllegalStateException()
                .isThrownBy(w::toArray)
                .withMessage("parameter 0.weight is gone: its memory was closed at "
                        + at("theMemoryOfAClosedModelIsGone", line) + "; use it before the close");
    }

    // ---- reading and making

    @Test
    void readingSaysWhatDoesNotFit() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(2, 3);
            Tensor i = Tensor.ofInts(new int[] {1, 2}, 2);
            assertThatIllegalArgumentException()
                    .isThrownBy(x::item)
                    .withMessage("item: tensor value[#0] [2, 3] has 6 elements; reduce it first, or use toArray()");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> x.get(1))
                    .withMessage("get: tensor value[#0] [2, 3] has 2 dimensions but 1 indices were given");
            assertThatThrownBy(() -> x.get(1, 3))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("get: index [1, 3] is outside tensor value[#0] [2, 3]");
            assertThatThrownBy(() -> x.get(-1, 0))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("get: index [-1, 0] is outside tensor value[#0] [2, 3]");
            assertThatIllegalArgumentException()
                    .isThrownBy(i::toArray)
                    .withMessage("toArray: tensor value[#1] [2] is I32; use toIntArray()");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> i.get(0))
                    .withMessage("get: tensor value[#1] [2] is I32; use toIntArray()");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> i.copyTo(java.nio.FloatBuffer.allocate(2)))
                    .withMessage("copyTo: tensor value[#1] [2] is I32; use toIntArray()");
            assertThatIllegalArgumentException()
                    .isThrownBy(x::toIntArray)
                    .withMessage("toIntArray: tensor value[#0] [2, 3] is F32; use toArray()");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> x.copyTo(java.nio.FloatBuffer.allocate(5)))
                    .withMessage("copyTo: tensor value[#0] [2, 3] has 6 elements but the buffer has room for 5");
            assertThatThrownBy(() -> x.dim(2))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("dimension 2 of [2, 3] does not exist; it has 2, counted from 0");
        }
    }

    @Test
    void makingSaysWhatDoesNotFit() {
        try (Pass pass = Pass.infer()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.of(new float[5], 2, 3))
                    .withMessage(
                            "of: 5 values do not fill shape [2, 3], which has 6 elements; give one value for each");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(2, -1))
                    .withMessage("shape [2, -1] has the dimension -1; dimensions are 0 or more");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(1, 1, 1, 1, 1, 1, 1))
                    .withMessage("shape [1, 1, 1, 1, 1, 1, 1] has 7 dimensions but 6 are the most; reshape it");
        }
    }

    @Test
    void anOpInsideAModelNamesItsPath() {
        try (var model = Model.of(new Sequential(new Sequential(x -> x.reshape(5)), new Linear(4, 2)), 1);
                Pass pass = Pass.infer()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.net().apply(Tensor.zeros(2, 3)))
                    .withMessage(
                            "reshape at 0.0: x [2, 3] has 6 elements, which do not fill [5]; the products must agree");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.net().layers().get(1).apply(Tensor.zeros(2, 3)))
                    .withMessage("linear: x [2, 3] and weight [2, 4] disagree: x.dim(1)=3 but weight.dim(1)=4");
        }
        try (var model = Model.of(new Sequential(x -> x, x -> x, x -> x, new Linear(784, 64)), 1);
                Pass pass = Pass.infer()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.net().apply(Tensor.zeros(2, 3)))
                    .withMessage(
                            "linear at 3: x [2, 3] and weight [64, 784] disagree: x.dim(1)=3 but weight.dim(1)=784");
        }
    }
}
