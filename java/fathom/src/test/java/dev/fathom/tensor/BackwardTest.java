package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.autograd.Recomputation;
import dev.fathom.op.Activation;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.ops.NormOp;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What backward gives to whom: forks, several calls, targets, watched tensors, constants, changed weights, failures.
 */
class BackwardTest {
    private final Numbers values = new Numbers();
    private final Parameter w = values.parameter("w", new float[] {2, 3}, 2);
    private final Parameter v = values.parameter("v", new float[] {5, 7}, 2);
    private final Buffer b = values.buffer("b", new float[] {10, 20}, 2);

    @BeforeEach
    void bind() {
        values.bind();
    }

    @AfterEach
    void close() {
        values.close();
    }

    private static float[] floats(float... values) {
        return values;
    }

    // ---- sums of gradients

    /** y = x x + x at 3: dy/dx = 2 x + 1 = 7. */
    @Test
    void forksAdd() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.scalar(3));
            Tensor y = x.mul(x).add(x);
            pass.backward(y);
            assertThat(y.item()).isEqualTo(12);
            assertThat(pass.gradient(x).item()).isEqualTo(7);
        }
    }

    @Test
    void severalBackwardCallsAdd() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor y = x.mul(w.value()).sum();
            pass.backward(y);
            assertThat(w.gradient().toArray()).containsExactly(1, 2);
            assertThat(pass.gradient(x).toArray()).containsExactly(2, 3);
            pass.backward(y.mul(1));
            assertThat(w.gradient().toArray()).containsExactly(2, 4);
            assertThat(pass.gradient(x).toArray()).containsExactly(4, 6);
        }
    }

    /** What PyTorch refuses too: a second backward of one loss would double every gradient. */
    @Test
    void oneLossGivesATargetItsGradientOnce() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor y = x.mul(w.value()).sum();
            pass.backward(y);
            assertThatThrownBy(() -> pass.backward(y))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("backward: tensor sum[#")
                    .hasMessageContaining(" [] has already given its gradient to tensor ")
                    .hasMessageEndingWith(
                            "; call zeroGrad() or step() before it, or scale the loss with mul(2) to double it on"
                                    + " purpose");
            assertThatThrownBy(() -> pass.backward(y, w)).hasMessageContaining("its gradient to parameter w, and");
            assertThat(w.gradient().toArray()).containsExactly(1, 2);
            assertThat(pass.gradient(x).toArray()).containsExactly(2, 3);
            values.step();
            pass.backward(y, w);
            assertThat(w.gradient().toArray()).as("the first one was used").containsExactly(1, 2);
        }
    }

    /** What a target has from other losses since its gradient was cleared, or lost in a failure, would not double. */
    @Test
    void aLossGivesItsGradientAgainAfterItWasCleared() {
        try (Pass pass = Pass.grad()) {
            Tensor y = w.value().mul(v.value());
            Tensor sum = y.sum();
            Tensor more = y.mul(10).sum();
            pass.backward(sum);
            values.step();
            pass.backward(more);
            pass.backward(sum);
            assertThat(w.gradient().toArray()).containsExactly(55, 77);
            for (Tensor loss : new Tensor[] {sum, more}) {
                assertThatThrownBy(() -> pass.backward(loss)).hasMessageContaining("already given its gradient");
            }
        }
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor square = pass.watch(x.square());
            Tensor sum = square.sum();
            Tensor fails = square.mul(w.value()).sum();
            pass.backward(sum);
            values.set(w, 4, 5);
            assertThatThrownBy(() -> pass.backward(fails)).hasMessageContaining("changed");
            assertThat(pass.gradient(x)).isNull();
            pass.backward(sum);
            assertThat(pass.gradient(x).toArray()).containsExactly(2, 4);
            assertThat(pass.gradient(square).toArray()).containsExactly(1, 1);
        }
    }

    /**
     * The parts of a GAN: one loss to one part and then to the other, and two losses over one tape to the same part.
     */
    @Test
    void otherTargetsOfOneLossAndOtherLossesOfOneTargetMayFollow() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor y = x.mul(w.value());
            Tensor sum = y.sum();
            Tensor mean = y.mean();
            pass.backward(sum, x);
            pass.backward(sum, w);
            assertThatThrownBy(() -> pass.backward(sum)).isInstanceOf(IllegalStateException.class);
            pass.backward(mean);
            assertThat(w.gradient().toArray()).containsExactly(1.5f, 3);
            assertThat(pass.gradient(x).toArray()).containsExactly(3, 4.5f);
        }
    }

    @Test
    void afterAStepTheNextBackwardBeginsAnew() {
        for (int step = 0; step < 2; step++) {
            try (Pass pass = Pass.grad()) {
                pass.backward(w.value().square().sum());
                assertThat(w.gradient().toArray()).containsExactly(4, 6);
            }
            values.step();
            assertThat(w.gradient()).isNull();
        }
    }

    @Test
    void gradientsOfAParameterAddAcrossPasses() {
        for (int i = 1; i <= 3; i++) {
            try (Pass pass = Pass.grad()) {
                pass.backward(w.value().sum());
            }
            assertThat(w.gradient().toArray()).containsExactly(i, i);
        }
    }

    @Test
    void aParameterUsedTwiceAdds() {
        try (Pass pass = Pass.grad()) {
            pass.backward(w.value().mul(w.value()).add(w.value()).sum());
            assertThat(w.gradient().toArray()).containsExactly(5, 7);
        }
    }

    /**
     * One command writes both gradients: of y = w z + w with z = (1, -1) and weights (1, 10), they are (1, -10) and (1,
     * 10).
     */
    @Test
    void aParameterThatScalesAndShiftsAdds() {
        Op norm = new NormOp(NormOp.Over.LAYER, 1, 0, false, null);
        for (int step = 1; step <= 2; step++) {
            try (Pass pass = Pass.grad()) {
                Tensor y = Pass.apply(norm, Tensor.of(floats(1, -1), 1, 2), null, null, w.value(), w.value());
                pass.backward(y.mul(Tensor.of(floats(1, 10), 2)).sum());
                assertThat(w.gradient().toArray()).containsExactly(step * 2, 0);
            }
        }
    }

    @Test
    void aLossMayBeAnElementOfItsOwnInputs() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.scalar(3));
            pass.backward(x.reshape(1, 1));
            assertThat(pass.gradient(x).item()).isEqualTo(1);
        }
    }

    /** dloss/dloss = 1, once per backward. */
    @Test
    void aWatchedLossHasTheGradientOne() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.scalar(3));
            Tensor loss = pass.watch(x.square());
            pass.backward(loss);
            assertThat(pass.gradient(loss).item()).isEqualTo(1);
            pass.backward(loss.mul(1));
            assertThat(pass.gradient(loss).item()).isEqualTo(2);
            assertThat(pass.gradient(x).item()).isEqualTo(12);
        }
    }

    // ---- who receives one

    @Test
    void targetsPrune() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 1), 2));
            Tensor y = x.mul(w.value()).mul(v.value()).sum();
            pass.backward(y, v);
            assertThat(v.gradient().toArray()).containsExactly(2, 3);
            assertThat(w.gradient()).isNull();
            assertThat(pass.gradient(x)).isNull();
            pass.backward(y, x, w);
            assertThat(v.gradient().toArray()).containsExactly(2, 3);
            assertThat(w.gradient().toArray()).containsExactly(5, 7);
            assertThat(pass.gradient(x).toArray()).containsExactly(10, 21);
        }
    }

    @Test
    void aWatchedResultIsATargetOfItsOwn() {
        try (Pass pass = Pass.grad()) {
            Tensor h = pass.watch(w.value().square());
            pass.backward(h.mul(v.value()).sum(), h);
            assertThat(pass.gradient(h).toArray()).containsExactly(5, 7);
            assertThat(w.gradient()).isNull();
            assertThat(v.gradient()).isNull();
        }
    }

    /** What a watched result keeps from the first backward must not flow on a second time. */
    @Test
    void aWatchedResultPassesEachGradientOnOnce() {
        try (Pass pass = Pass.grad()) {
            Tensor h = pass.watch(w.value().square());
            Tensor y = h.mul(v.value()).sum();
            pass.backward(y);
            assertThat(pass.gradient(h).toArray()).containsExactly(5, 7);
            assertThat(w.gradient().toArray()).containsExactly(20, 42);
            pass.backward(y.mul(1));
            assertThat(pass.gradient(h).toArray()).containsExactly(10, 14);
            assertThat(w.gradient().toArray()).containsExactly(40, 84);
        }
    }

    @Test
    void aFrozenParameterReceivesNothing() {
        values.freeze(w);
        try (Pass pass = Pass.grad()) {
            pass.backward(w.value().mul(v.value()).sum());
            assertThat(w.gradient()).isNull();
            assertThat(v.gradient().toArray()).containsExactly(2, 3);
        }
    }

    @Test
    void detachAndNoGradStopTheFlow() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor stopped = x.square().detach();
            Tensor quiet = Pass.noGrad(() -> x.square());
            assertThat(stopped.needsGradient()).isFalse();
            assertThat(quiet.needsGradient()).isFalse();
            assertThat(pass.recording()).isTrue();
            pass.backward(x.mul(stopped).add(x.mul(quiet)).sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(2, 8);
            assertThat(x.detach().toArray()).containsExactly(1, 2);
        }
    }

    @Test
    void theResultOfNoGradIsAConstantAlsoWhereTheBodyOnlyReturnsIt() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor h = x.square();
            Tensor same = Pass.noGrad(() -> h);
            assertThat(same.needsGradient()).isFalse();
            assertThat(Pass.noGrad(() -> w.value()).needsGradient()).isFalse();
            pass.backward(x.mul(same).sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(1, 4);
            assertThatThrownBy(() -> Pass.noGrad(() -> null))
                    .hasMessage("noGrad: the body returned null; return a tensor");
        }
    }

    @Test
    void noGradGivesBackWhatItMade() {
        Tensor[] lost = new Tensor[1];
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            long before = pass.liveBytes();
            Tensor y = Pass.noGrad(() -> {
                lost[0] = x.square();
                return lost[0].add(w.value()).reshape(2, 1);
            });
            assertThat(y.toArray()).containsExactly(3, 7);
            assertThat(pass.liveBytes() - before).isEqualTo(64);
            assertThatIllegalStateException()
                    .isThrownBy(() -> lost[0].toArray())
                    .withMessage("tensor square[#2] [2] was released when noGrad returned; return it, or keep() it");
        }
    }

    @Test
    void aFailedNoGradRecordsAgainAfterward() {
        try (Pass pass = Pass.grad()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Pass.noGrad(() -> Tensor.zeros(2).add(Tensor.zeros(3))));
            assertThat(pass.recording()).isTrue();
        }
    }

    @Test
    void aNestedPassSeesOuterTensorsAsConstants() {
        try (Pass outer = Pass.grad()) {
            Tensor x = outer.watch(Tensor.of(floats(1, 2), 2));
            Tensor h = x.square();
            try (Pass inner = Pass.grad()) {
                Tensor y = h.mul(w.value()).sum();
                inner.backward(y);
                assertThat(w.gradient().toArray()).containsExactly(1, 4);
                assertThat(outer.gradient(x)).isNull();
                Tensor again = inner.watch(h);
                inner.backward(again.sum());
                assertThat(inner.gradient(again).toArray()).containsExactly(1, 1);
            }
            outer.backward(h.sum());
            assertThat(outer.gradient(x).toArray()).containsExactly(2, 4);
        }
    }

    @Test
    void anIntermediateThatNobodyReadsAgainIsStillPassedThrough() {
        try (Pass pass = Pass.train(new Rng(1))) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            // the sum inside the frame is given back at its end: add reads neither input nor output
            Tensor y = Pass.frame(this, () -> x.add(w.value()).add(v.value()).add(1));
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(1, 1);
            assertThat(w.gradient().toArray()).containsExactly(1, 1);
        }
    }

    // ---- what is refused

    @Test
    void aLossMustBeOneNumberThatWasRecorded() {
        try (Pass pass = Pass.grad()) {
            Tensor y = w.value().square();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessage(
                            "backward: tensor square[#0] [2] is not a single number; reduce it with mean() or sum()"
                                    + " first");
            Tensor constant = Tensor.scalar(1);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(constant))
                    .withMessage("backward: nothing was recorded for tensor value[#1] []: no trainable parameter and no"
                            + " watched tensor went into it; unfreeze one, or pass.watch(x)");
        }
        try (Pass pass = Pass.infer()) {
            Tensor y = w.value().sum();
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessage(
                            "backward: nothing was recorded for tensor sum[#0] []: this pass does not record; open it"
                                    + " with Pass.train(rng) or Pass.grad()");
        }
    }

    /** The refusal costs nothing: what an earlier backward gave stays. */
    @Test
    void aTargetThatTheLossDoesNotDependOnIsRefused() {
        try (Pass pass = Pass.grad()) {
            Tensor y = w.value().sum();
            pass.backward(y);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y, v))
                    .withMessage(
                            "backward: tensor sum[#0] [] does not depend on any of the targets; pass the model, part,"
                                    + " parameter or watched tensor that it was computed from");
            assertThat(w.gradient().toArray()).containsExactly(1, 1);
        }
    }

    @Test
    void changedWeightsAreRefusedByName() {
        try (Pass pass = Pass.grad()) {
            Tensor y = w.value().square().sum();
            values.set(w, 4, 5);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessage(
                            "backward: parameter w has changed since square was recorded; call backward before step(),"
                                    + " load() or copy, or run the forward again");
            assertThat(w.gradient()).isNull();
        }
    }

    @Test
    void weightsThatAreReadThroughAViewMayNotChangeEither() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 1, 2));
            Tensor y = x.matmul(w.value().reshape(2, 1)).sum();
            Tensor z = x.mul(b.value().slice(0, 0, 2)).sum();
            Tensor stopped = x.mul(v.value().detach()).sum();
            values.set(w, 4, 5);
            values.set(b, 4, 5);
            values.set(v, 4, 5);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessage(
                            "backward: parameter w has changed since matmul was recorded; call backward before step(),"
                                    + " load() or copy, or run the forward again");
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(z))
                    .withMessageStartingWith("backward: buffer b has changed since mul was recorded");
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(stopped))
                    .withMessageStartingWith("backward: parameter v has changed since mul was recorded");
        }
    }

    /** An addition does not read its inputs in backward, so their change does not matter. */
    @Test
    void weightsThatBackwardDoesNotReadMayChange() {
        try (Pass pass = Pass.grad()) {
            Tensor y = w.value().add(v.value().square()).sum();
            values.set(w, 4, 5);
            pass.backward(y);
            assertThat(w.gradient().toArray()).containsExactly(1, 1);
            assertThat(v.gradient().toArray()).containsExactly(10, 14);
        }
    }

    /** Another parameter than the target may have changed where the way to the target does not read it. */
    @Test
    void onlyWhatTheTargetsNeedIsChecked() {
        try (Pass pass = Pass.grad()) {
            Tensor y = w.value().square().mul(v.value()).sum();
            values.set(w, 4, 5);
            pass.backward(y, v);
            assertThat(v.gradient().toArray()).containsExactly(4, 9);
        }
    }

    @Test
    void aBufferThatWasCommittedMeanwhileIsRefusedByName() {
        try (Pass pass = Pass.train(new Rng(1))) {
            Tensor y = w.value().mul(b.value()).sum();
            b.update(Tensor.of(floats(1, 1), 2));
            assertThat(b.value().toArray()).containsExactly(10, 20);
            pass.backward(y);
            assertThat(w.gradient().toArray()).containsExactly(10, 20);
            assertThat(b.value().toArray()).containsExactly(1, 1);
            values.step();
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessageStartingWith("backward: buffer b has changed since mul was recorded");
        }
    }

    @Test
    void aBufferIsLeftAloneOutsideTrainingAndAfterAFailure() {
        try (Pass pass = Pass.grad()) {
            b.update(Tensor.of(floats(1, 1), 2));
            pass.backward(w.value().sum());
        }
        assertThat(b.value().getClass()).isEqualTo(Tensor.class);
        assertThat(b.value().toArray()).containsExactly(10, 20);
        try (Pass pass = Pass.train(new Rng(1))) {
            Tensor y = w.value().square().sum();
            b.update(Tensor.of(floats(1, 1), 2));
            values.set(w, 4, 5);
            assertThatIllegalStateException().isThrownBy(() -> pass.backward(y));
        }
        assertThat(b.value().toArray()).containsExactly(10, 20);
        try (Pass pass = Pass.infer()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> b.update(Tensor.zeros(3)))
                    .withMessage("buffer b: update [3] but the buffer is [2]; give a tensor of the buffer's shape");
        }
    }

    /** Before anything is written. */
    @Test
    void aBufferOfAClosedModelStopsBackward() {
        try (Numbers gone = new Numbers()) {
            Buffer late = gone.buffer("late", floats(0, 0), 2);
            gone.bind();
            try (Pass pass = Pass.train(new Rng(1))) {
                Tensor y = w.value().square().sum();
                b.update(Tensor.of(floats(1, 1), 2));
                late.update(Tensor.of(floats(1, 1), 2));
                gone.close();
                assertThatIllegalStateException()
                        .isThrownBy(() -> pass.backward(y))
                        .withMessageStartingWith("model is closed: it was closed at ");
                assertThat(w.gradient()).isNull();
                assertThat(b.value().toArray()).containsExactly(10, 20);
            }
        }
    }

    /** After a failure in the middle nothing half-written is left. */
    @Test
    void aFailedBackwardLeavesNoHalfGradient() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor h = pass.watch(w.value().square());
            Tensor y = h.mul(x).mul(v.value()).sum();
            values.set(w, 4, 5);
            assertThatIllegalStateException().isThrownBy(() -> pass.backward(y));
            assertThat(v.gradient()).isNull();
            assertThat(pass.gradient(x)).isNull();
            assertThat(pass.gradient(h)).isNull();
            pass.backward(y, x);
            assertThat(pass.gradient(x).toArray()).containsExactly(20, 63);
        }
    }

    @Test
    void watchIsRefusedWhereItCannotWork() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.zeros(2);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.watch(x))
                    .withMessage("watch: this pass records nothing; open it with Pass.grad() or Pass.train(rng)");
        }
        try (Pass pass = Pass.grad()) {
            Tensor x = Tensor.ofInts(new int[2], 2);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pass.watch(x))
                    .withMessage("watch: tensor value[#0] [2] is I32; only F32 tensors have gradients");
            Tensor y = Tensor.zeros(2);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pass.gradient(y))
                    .withMessage("gradient: tensor value[#1] [2] was not watched; call pass.watch(x) before using it");
        }
    }

    /** Its memory may be gone: the pass that is asked cannot know. */
    @Test
    void aGradientIsAskedOfThePassThatWatched() {
        Tensor x;
        try (Pass pass = Pass.grad()) {
            x = pass.watch(Tensor.scalar(2));
            pass.backward(x.square());
        }
        try (Pass pass = Pass.grad()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pass.gradient(x))
                    .withMessage("gradient: tensor value[#1] [] was watched by another pass; ask that one before it is"
                            + " closed");
        }
    }

    @Test
    void argmaxHasNoGradient() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 5, 2), 3));
            Tensor i = x.argmax();
            assertThat(i.item()).isEqualTo(1);
            assertThat(i.needsGradient()).isFalse();
        }
    }

    // ---- places where the derivative is a choice

    @Test
    void reluAtZeroHasTheDerivativeZero() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(-1, -0f, 0, 1), 4));
            pass.backward(x.relu().sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(0, 0, 0, 1);
        }
    }

    @Test
    void clampPassesTheGradientAtItsBounds() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(-2, -1, 0, 1, 2), 5));
            pass.backward(x.clamp(-1, 1).sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(0, 1, 1, 1, 0);
        }
    }

    @Test
    void theFirstOfEqualsIsTheMaximum() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 3, 3, 2, 5, 5), 2, 3));
            pass.backward(x.max(1).sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(0, 1, 0, 0, 1, 0);
            assertThat(x.argmax(1).toIntArray()).containsExactly(1, 1);
            Tensor z = pass.watch(Tensor.of(floats(4, 4, 4, 4), 2, 1, 2));
            pass.backward(z.max(0, 2).sum());
            assertThat(pass.gradient(z).toArray()).containsExactly(1, 0, 0, 0);
        }
    }

    // ---- recomputation

    @Test
    void recomputedLayersGiveTheSameGradients() {
        try (Pass pass = Pass.train(new Rng(3))) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor plain = x.mul(w.value()).tanh();
            pass.backward(plain.mul(v.value()).sum());
            float[] dw = w.gradient().toArray();
            float[] dx = pass.gradient(x).toArray();
            values.step();
            Tensor z = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor again = Recomputation.run(h -> h.mul(w.value()).tanh(), z);
            pass.backward(again.mul(v.value()).sum());
            assertThat(again.toArray()).isEqualTo(plain.toArray());
            assertThat(w.gradient().toArray()).isEqualTo(dw);
            assertThat(pass.gradient(z).toArray()).isEqualTo(dx);
        }
    }

    @Test
    void aRecomputedLayerDropsTheSameElements() {
        float[] ones = new float[64];
        java.util.Arrays.fill(ones, 1);
        try (Pass pass = Pass.train(new Rng(3))) {
            Tensor x = pass.watch(Tensor.of(ones, 64));
            Tensor y = Recomputation.run(h -> h.dropout(0.5f, 2), x);
            Tensor other = x.detach().dropout(0.5f, 2);
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).isEqualTo(y.toArray()).isNotEqualTo(other.toArray());
        }
    }

    /** As dropout does in evaluation mode. */
    @Test
    void aRecomputedLayerThatReturnsItsInputPassesTheGradient() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            pass.backward(Recomputation.run(h -> h, x).mul(w.value()).sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(2, 3);
        }
    }

    /** A recomputed layer that holds no target is run through only if something behind it is one. */
    @Test
    void recomputedLayersObeyTargets() {
        try (Pass pass = Pass.grad()) {
            Tensor x = Tensor.of(floats(1, 2), 2);
            Tensor y =
                    Recomputation.run(h -> h.mul(w.value()), x).mul(v.value()).sum();
            pass.backward(y, v);
            assertThat(v.gradient().toArray()).containsExactly(2, 6);
            assertThat(w.gradient()).isNull();
            pass.backward(y, w);
            assertThat(w.gradient().toArray()).containsExactly(5, 14);
            assertThat(v.gradient().toArray()).containsExactly(2, 6);
        }
    }

    @Test
    void aRecomputedLayerRefusesChangedWeights() {
        try (Pass pass = Pass.grad()) {
            Tensor y = Recomputation.run(h -> h.mul(w.value()), Tensor.of(floats(1, 2), 2))
                    .sum();
            values.set(w, 4, 5);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessage("backward: parameter w has changed since recompute was recorded; call backward before"
                            + " step(), load() or copy, or run the forward again");
        }
    }

    @Test
    void aRecomputedLayerRefusesAChangedBuffer() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor y = Recomputation.run(h -> h.mul(b.value().reshape(2)), x).sum();
            values.set(b, 4, 5);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessageStartingWith("backward: buffer b has changed since recompute was recorded");
        }
    }

    /** What a recomputed layer gave before the failure is forgotten too; what this walk did not aim at stays. */
    @Test
    void aFailedBackwardForgetsRecomputedGradientsAndNoOthers() {
        try (Pass pass = Pass.grad()) {
            Tensor h = v.value().square();
            Tensor y = Recomputation.run(g -> g.mul(w.value()), h).sum();
            Tensor z = h.mul(w.value()).sum();
            values.set(v, 1, 1);
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(y))
                    .withMessageStartingWith("backward: parameter v has changed since square was recorded");
            assertThat(w.gradient()).isNull();
            pass.backward(w.value().sum());
            assertThatIllegalStateException().isThrownBy(() -> pass.backward(z, v));
            assertThat(w.gradient().toArray()).containsExactly(1, 1);
        }
    }

    /**
     * What a recomputed layer captures stays for backward, receives its gradient, and may be what the layer returns.
     */
    @Test
    void aRecomputedLayerMayCapture() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor y = Pass.frame(this, () -> {
                Tensor h = x.mul(v.value());
                Tensor constant = Tensor.of(floats(3, 4), 2);
                Tensor view = Tensor.of(floats(0, 9, 5, 6, 9), 5).slice(0, 2, 4);
                return Recomputation.run(
                        a -> a.mul(h)
                                .add(a.mul(constant))
                                .add(a.mul(view.detach()))
                                .add(h.mul(w.value())),
                        x);
            });
            // x x v + 3|4 x + 5|6 x + x v w
            assertThat(y.toArray()).containsExactly(5 + 3 + 5 + 10, 28 + 8 + 12 + 42);
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(10 + 3 + 5 + 10, 28 + 4 + 6 + 21);
            assertThat(v.gradient().toArray()).containsExactly(1 + 2, 4 + 6);
            assertThat(w.gradient().toArray()).containsExactly(5, 14);
        }
    }

    @Test
    void aRecomputedLayerMayReturnWhatItCaptured() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor h = x.mul(v.value());
            pass.backward(Recomputation.run(a -> h, x).mul(w.value()).sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(10, 21);
            assertThat(w.gradient().toArray()).containsExactly(5, 14);
            values.step();
            pass.backward(Recomputation.run(a -> v.value(), x).mul(w.value()).sum());
            assertThat(v.gradient().toArray()).containsExactly(2, 3);
            assertThat(w.gradient().toArray()).containsExactly(5, 7);
        }
    }

    @Test
    void aRecomputedLayerThatChangesItsMindIsRefused() {
        int[] runs = {0};
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor y = Recomputation.run(h -> runs[0]++ == 0 ? h.mul(h) : h.slice(0, 0, 1), x);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pass.backward(y.sum()))
                    .withMessage(
                            "recompute: the layer gave [2] when it ran but [1] when it was run again for backward; it"
                                    + " must compute the same both times");
            assertThat(pass.gradient(x)).isNull();
        }
    }

    @Test
    void backwardThroughARecomputedLayerLeavesThePassAsItWas() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor y = Recomputation.run(h -> h.mul(h), x).sum();
            Pass.noGrad(() -> {
                pass.backward(y);
                assertThat(pass.recording()).isFalse();
                return y;
            });
            assertThat(pass.recording()).isTrue();
            assertThat(pass.gradient(x).toArray()).containsExactly(2, 4);
        }
    }

    @Test
    void recomputationNests() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(floats(1, 2), 2));
            Tensor y = Recomputation.run(
                    h -> Recomputation.run(g -> g.mul(w.value()), h).mul(v.value()), x);
            pass.backward(y.sum());
            assertThat(w.gradient().toArray()).containsExactly(5, 14);
            assertThat(v.gradient().toArray()).containsExactly(2, 6);
            assertThat(pass.gradient(x).toArray()).containsExactly(10, 21);
        }
    }

    // ---- parameters in fused layers

    /** y = x W^T + b by hand: x [1, 2], W = [[1, 2], [3, 4], [5, 6]], b = [1, 1, 1]. */
    @Test
    void linearTakesParameters() {
        try (Numbers more = new Numbers()) {
            Parameter weight = more.parameter("fc.weight", floats(1, 2, 3, 4, 5, 6), 3, 2);
            Parameter bias = more.parameter("fc.bias", floats(1, 1, 1), 3);
            more.bind();
            for (boolean infer : new boolean[] {false, true}) {
                try (Pass pass = infer ? Pass.infer() : Pass.grad()) {
                    Tensor x = Tensor.of(floats(1, -1), 1, 2);
                    assertThat(x.linear(weight, null).toArray()).containsExactly(-1, -1, -1);
                    assertThat(x.linear(weight, bias).toArray()).containsExactly(0, 0, 0);
                    Tensor r = Tensor.of(floats(1, -2, 3), 1, 3);
                    Tensor y = x.linear(weight, bias, r, Activation.RELU);
                    assertThat(y.toArray()).containsExactly(1, 0, 3);
                    assertThat(x.linear(weight, null, r, null).toArray()).containsExactly(0, -3, 2);
                    if (!infer) {
                        pass.backward(y.sum());
                        assertThat(weight.gradient().toArray()).containsExactly(1, -1, 0, 0, 1, -1);
                        assertThat(bias.gradient().toArray()).containsExactly(1, 0, 1);
                    }
                    assertThatIllegalArgumentException()
                            .isThrownBy(() -> Tensor.zeros(2, 3).linear(weight, bias))
                            .withMessage("linear: x [2, 3] and weight [3, 2] disagree: x.dim(1)=3 but weight.dim(1)=2");
                    assertThatIllegalArgumentException()
                            .isThrownBy(() -> x.linear(weight, weight))
                            .withMessage("linear: weight [3, 2] and weight [3, 2] disagree: weight.dim(0) must be"
                                    + " weight.dim(0)=3");
                }
            }
            // packed weights follow the values
            more.set(weight, 1, 1, 1, 1, 1, 1);
            try (Pass pass = Pass.infer()) {
                assertThat(Tensor.of(floats(1, -1), 1, 2).linear(weight, bias).toArray())
                        .containsExactly(1, 1, 1);
            }
        }
    }

    @Test
    void anUnboundParameterSaysWhatToDo() {
        try (Pass pass = Pass.infer()) {
            Parameter lost = new Parameter(Shape.of(3, 2), null);
            assertThatIllegalStateException()
                    .isThrownBy(() -> Tensor.zeros(1, 2).linear(lost, null))
                    .withMessage("parameter [3, 2] has no values yet: give Model.of the net that holds it in a record "
                            + "component");
        }
    }
}
