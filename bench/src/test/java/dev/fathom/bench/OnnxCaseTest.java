package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.bench.OnnxFolder.Array;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxCaseTest {
    @TempDir
    Path temp;

    /** Those that can be frozen and have floats alone, under names that say their sizes. */
    @Test
    void publishedModelsAndWrittenOnes() {
        List<String> names = OnnxCase.all().stream().map(OnnxCase::name).toList();
        assertThat(names)
                .doesNotHaveDuplicates()
                .contains("minilm-2x9", "gpt2-2x3-7-4", "resnet18-1x3x32x32", "resnet18-1x3x224x224", "bert-base-1x128")
                .noneMatch(name -> name.startsWith("bert-int8") || name.startsWith("tts") || name.startsWith("vad"));
    }

    @Test
    void aPlanNeedsSizesWhereMoreThanOneLengthIsFree() {
        Path folder = Contender.BENCH.resolveSibling("test-data").resolve("onnx");
        assertThat(OnnxCase.of("minilm-2x9").fixed(folder.resolve("minilm.onnx")))
                .isEmpty();
        assertThat(OnnxCase.of("gpt2-2x3-7-4").fixed(folder.resolve("gpt2.onnx")))
                .isEqualTo(Map.of("sequence", 3, "total_sequence", 7, "past_sequence", 4));
    }

    @Test
    void whatIsLeftInAFolderIsFoundThere() throws IOException {
        OnnxFolder folder = new OnnxFolder(Files.createDirectories(temp.resolve("model")));
        Array one = Array.of("a b", new int[] {}, -2.5f);
        Array some = Array.of("c", new int[] {1, 3}, 1, -2, 300);
        folder.inputs(List.of(one, some), Map.of("batch", 1, "length", 3));
        folder.outputs(List.of(some));
        assertThat(folder.inputs()).usingRecursiveComparison().isEqualTo(List.of(one, some));
        assertThat(folder.outputs()).usingRecursiveComparison().isEqualTo(List.of(some));
        assertThat(folder.sizes()).isEqualTo(Map.of("batch", 1, "length", 3));
    }

    /** 1e-4 of the largest magnitude, which is 2; integers must be equal. */
    @Test
    void outputsThatDifferAreRefused() {
        Array y = Array.of("y", new int[] {2}, 0.5f, -2);
        assertThatCode(() -> y.check(Array.of("y", new int[] {2}, 0.50019f, -2)))
                .doesNotThrowAnyException();
        for (float other : new float[] {0.50021f, Float.NaN}) {
            assertThatThrownBy(() -> y.check(Array.of("y", new int[] {2}, other, -2)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("y at 0 is 0.5 but ");
        }
        Array n = Array.of("n", new int[] {1}, 100_000);
        assertThatThrownBy(() -> n.check(Array.of("n", new int[] {1}, 100_001)))
                .isInstanceOf(IllegalStateException.class);
    }
}
