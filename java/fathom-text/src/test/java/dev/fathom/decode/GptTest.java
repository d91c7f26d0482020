package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The small GPT: what it writes, and what it refuses. */
class GptTest {
    /** A GPT that writes with its caches writes what it writes when it reads all again for each character. */
    @Test
    void theGptWritesBeyondItsContext() {
        try (Model<Gpt> model = Model.of(Gpt.of(new Gpt.Sizes(10, 128, 16, 4, 2), 0.1f), 3)) {
            int[] prompt = {1, 2, 3};
            int[] written = Gpt.write(model, prompt, 200, 0, 1);
            assertThat(written).hasSize(200);
            int[] all = Arrays.copyOf(prompt, 203);
            System.arraycopy(written, 0, all, 3, 200);
            try (Pass pass = Pass.infer()) {
                for (int at : new int[] {3, 50, 127}) {
                    Tensor y = model.net().apply(Tensor.ofInts(Arrays.copyOf(all, at), 1, at));
                    assertThat(y.slice(1, at - 1, at).argmax(-1).toIntArray()).containsExactly(all[at]);
                }
            }
            double bits = Gpt.bits(model, all);
            assertThat(bits).isBetween(0.5, 6.0);
            try (Dataset windows = Gpt.windows(all, 128, 64)) {
                assertThat(windows.size()).isEqualTo(2);
            }
        }
    }

    @Test
    void unfitArgumentsAreSentences() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Gpt.Sizes(10, 1, 16, 4, 2))
                .withMessageContaining("context");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Gpt.Sizes(10, 8, 10, 4, 2))
                .withMessage("Gpt: a width of 10 cannot be divided among 4 heads; give a multiple of them");
        Gpt.Sizes sizes = new Gpt.Sizes(10, 8, 16, 4, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> Gpt.of(sizes, 1));
        int[] text = new int[8];
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Gpt.windows(text, 8, 8))
                .withMessage("Gpt.windows: a text of 8 tokens has none behind a window of 8; give a longer text or a"
                        + " shorter window");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Gpt.windows(text, 4, 0))
                .withMessageContaining("stride");
        try (Model<Gpt> model = Model.of(Gpt.of(sizes, 0), 1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Gpt.write(model, new int[0], 3, 1, 1))
                    .withMessage("Gpt.write: the prompt is empty; give at least one token to go on from");
            assertThatIllegalArgumentException().isThrownBy(() -> Gpt.write(model, text, 3, -1, 1));
            assertThatIllegalArgumentException().isThrownBy(() -> Gpt.bits(model, text));
            assertThat(Gpt.write(model, text, 0, 1, 1)).isEmpty();
        }
    }
}
