package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.op.Shape;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What nets carry, and where it is kept. */
class StateTest {
    @Test
    void partsHaveDottedNamesInTheirOrder() {
        try (Pass pass = Pass.infer()) {
            State layer = State.of("keys", Tensor.ones(2, 3), "values", Tensor.zeros(2, 3));
            State all = State.EMPTY
                    .with("layers.0", layer)
                    .with("layers.10", layer)
                    .with("past", Tensor.ofInts(new int[] {4, 5}, 2));
            assertThat(all.names())
                    .containsExactly("layers.0.keys", "layers.0.values", "layers.10.keys", "layers.10.values", "past");
            assertThat(all.part("layers.1").names()).as("and not layers.10").isEmpty();
            assertThat(all.part("layers").part("10")).isEqualTo(layer);
            assertThat(all.with("layers.0.keys", layer.get("values")).names()).containsExactlyElementsOf(all.names());
            assertThat(all)
                    .hasToString("the state (layers.0.keys [2, 3], layers.0.values [2, 3], layers.10.keys [2, 3],"
                            + " layers.10.values [2, 3], past [2] I32)");
            assertThat(all.map(t -> t.slice(0, 0, 1)).get("past").toIntArray()).containsExactly(4);
            State moved = all.reorder(1, 1, 0);
            assertThat(moved.get("past").toIntArray()).containsExactly(5, 5, 4);
            assertThat(moved.get("layers.0.keys").shape().toArray()).containsExactly(3, 3);
            assertThat(State.EMPTY.reorder(0, 5)).isEqualTo(State.EMPTY);
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void whatIsNoStateIsRefused() {
        try (Pass pass = Pass.infer()) {
            Tensor t = Tensor.ones(2, 3);
            assertThatThrownBy(() -> State.of("h", t).get("c"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("State: there is no c in the state (h [2, 3]); give the state of a net of this kind");
            assertThatThrownBy(() -> State.EMPTY.get("c"))
                    .hasMessage("State: there is no c in an empty state; give the state of a net of this kind");
            assertThatThrownBy(() -> State.of("h", t, "h", t))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("State: two tensors are called h; give each a name of its own");
            assertThatThrownBy(() -> new State(Map.of("", t)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("State: a name is empty; give each tensor a name");
            assertThatThrownBy(() -> State.of("h", t).reorder(2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("2");
            assertThat(pass.recording()).isFalse();
        }
    }

    /** A step writes into the cache that is kept, leaves what does not change where it is, and copies the rest. */
    @Test
    void aStepKeepsItsStateInPlace() {
        long before = Memory.stats().owned();
        try (KeptState kept = new KeptState()) {
            try (Pass pass = Pass.infer()) {
                kept.keep(State.of("cache", Tensor.zeros(1, 3, 1), "memory", Tensor.ones(1, 2))
                        .with("past", Tensor.ofInts(new int[] {0}, 1)));
                assertThat(pass.recording()).isFalse();
            }
            long owned = Memory.stats().owned();
            Tensor memory = kept.state().get("memory");
            for (int t = 0; t < 3; t++) {
                State seen = kept.state();
                float value = t + 1;
                try (Pass pass = Pass.infer()) {
                    Tensor sum = kept.step(state -> {
                        Tensor past = state.get("past");
                        Tensor cache = state.get("cache").putRows(Tensor.full(Shape.of(1, 1, 1), value), past);
                        return new Next(cache.sum(), state.with("cache", cache).with("past", past.add(1)));
                    });
                    assertThat(sum.item()).isEqualTo((t + 1) * (t + 2) / 2f);
                    assertThatThrownBy(() -> seen.get("cache").toArray()).isInstanceOf(IllegalStateException.class);
                    assertThat(pass.recording()).isFalse();
                }
                assertThat(kept.state().get("memory")).isSameAs(memory);
                assertThat(Memory.stats().owned()).isEqualTo(owned);
            }
            assertThat(kept.state().get("cache").toArray()).containsExactly(1, 2, 3);
            assertThat(kept.state().names()).containsExactly("cache", "memory", "past");
            try (Pass pass = Pass.infer()) {
                kept.reorder(0, 0);
                assertThat(pass.recording()).isFalse();
            }
            assertThat(kept.state().get("cache").toArray()).containsExactly(1, 2, 3, 1, 2, 3);
            kept.reset();
            assertThat(kept.state()).isEqualTo(State.EMPTY);
        }
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }

    /** Two names may stand for one tensor, of which each later step may change one alone. */
    @Test
    void memoryServesOneName() {
        try (KeptState kept = new KeptState();
                Pass pass = Pass.infer()) {
            kept.keep(State.of("a", Tensor.zeros(1, 2, 1)));
            Tensor none = Tensor.ofInts(new int[] {0}, 1);
            kept.step(state -> {
                Tensor next = state.get("a").putRows(Tensor.ones(1, 1, 1), none);
                return new Next(next, State.of("a", next, "b", next));
            });
            kept.step(state -> {
                Tensor next = state.get("a").putRows(Tensor.zeros(1, 1, 1), none);
                return new Next(next, state.with("a", next));
            });
            assertThat(kept.state().get("a").toArray()).containsExactly(0, 0);
            assertThat(kept.state().get("b").toArray()).containsExactly(1, 0);
            assertThat(pass.recording()).isFalse();
        }
    }

    /** A state whose memory an op has taken over cannot be kept, and nothing leaks. */
    @Test
    void aCacheThatWasAddedToIsRefused() {
        long before = Memory.stats().owned();
        KeptState kept = new KeptState();
        try (Pass pass = Pass.infer()) {
            kept.keep(State.of("a", Tensor.zeros(1, 2, 1)));
            assertThatThrownBy(() -> kept.step(state -> {
                        Tensor a = state.get("a");
                        Tensor sum = a.putRows(Tensor.ones(1, 1, 1), Tensor.ofInts(new int[] {0}, 1));
                        return new Next(sum, state);
                    }))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(pass.recording()).isFalse();
        }
        kept.close();
        kept.close();
        assertThatThrownBy(kept::state)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("KeptState: it is closed; use it before the close");
        assertThatThrownBy(() -> kept.keep(State.EMPTY)).isInstanceOf(IllegalStateException.class);
        assertThat(Memory.stats().owned()).isEqualTo(before);
    }
}
