package dev.fathom.pretrained;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.decode.CachedDecoder;
import dev.fathom.decode.CausalNet;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A text gives the same bits alone and in any batch, and a prompt read at once or token by token; both with any number
 * of threads, and with AVX2 as with AVX-512.
 */
class SameBitsTest {
    private static final List<String> ENCODERS =
            List.of("bert", "roberta", "distilbert", "mpnet", "nomic_bert", "modernbert", "deberta");

    private static Path folder(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", name);
    }

    private static List<int[]> texts(Random random, int vocabulary, int context) {
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            texts.add(random.ints(1 + random.nextInt(context), 0, vocabulary).toArray());
        }
        return texts;
    }

    private static float[] vectors(Model<TextEncoder> model, List<int[]> texts) {
        try (Pass pass = Pass.infer()) {
            List<int[]> types = texts.stream().map(text -> new int[text.length]).toList();
            return model.net().encode(TextBatch.of(texts, types)).toArray();
        }
    }

    @ParameterizedTest
    @FieldSource("ENCODERS")
    void aTextAloneAndInRandomBatches(String name) {
        Random random = new Random(5);
        try (Model<TextEncoder> model = Family.read(folder(name))) {
            TextEncoder net = model.net();
            List<int[]> texts = texts(random, net.vocabulary(), net.context());
            List<float[]> alone =
                    texts.stream().map(text -> vectors(model, List.of(text))).toList();
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < texts.size(); i++) {
                order.add(i);
            }
            for (int round = 0; round < 10; round++) {
                Collections.shuffle(order, random);
                List<Integer> some = order.subList(0, 1 + random.nextInt(order.size()));
                float[] all = vectors(model, some.stream().map(texts::get).toList());
                int from = 0;
                for (int i : some) {
                    int to = from + alone.get(i).length;
                    assertThat(Arrays.copyOfRange(all, from, to))
                            .as("text %d of %s", i, some)
                            .containsExactly(alone.get(i));
                    from = to;
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama"})
    void aPromptReadOrStepped(String name) {
        try (Model<CausalNet> model = DecoderFamily.read(folder(name));
                CachedDecoder decoder = CachedDecoder.of(model);
                CachedDecoder.Sequences read = decoder.sequences();
                CachedDecoder.Sequences stepped = decoder.sequences()) {
            int[] prompt = new Random(3).ints(decoder.capacity(), 0, 50).toArray();
            for (int length = 1; length <= prompt.length; length++) {
                FloatBuffer step = stepped.step(prompt[length - 1]);
                read.reset();
                FloatBuffer whole = read.read(Arrays.copyOf(prompt, length));
                assertThat(whole).as("%d tokens", length).isEqualTo(step);
            }
        }
    }

    /** The sums of all bits of every family's vectors and logits, in processes of other settings. */
    @Test
    void anyNumberOfThreadsAndBothInstructionSets() throws Exception {
        List<Isa> sets = new ArrayList<>(NativeRuntime.available());
        sets.remove(Isa.BASELINE); // rounds otherwise
        List<String> sums = new ArrayList<>();
        List<String> settings = new ArrayList<>();
        for (Isa isa : sets) {
            for (int threads : new int[] {1, 64}) {
                String setting = isa + " and " + threads + " threads";
                settings.add(setting);
                Process process = new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-Dfathom.root=" + System.getProperty("fathom.root"),
                                "-Dfathom.isa=" + isa,
                                "-Dfathom.threads=" + threads,
                                "-cp",
                                System.getProperty("java.class.path"),
                                SameBitsTest.class.getName())
                        .redirectErrorStream(true)
                        .start();
                String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(process.waitFor()).as(said).isZero();
                sums.add(said.substring(said.indexOf("sums")));
            }
        }
        assertThat(sums).as("settings %s", settings).containsOnly(sums.get(0));
        assertThat(sums.get(0)).contains(ENCODERS).contains("gpt2", "llama");
    }

    /** Prints the sums of this process. */
    public static void main(String[] args) {
        StringBuilder sums = new StringBuilder("sums");
        for (String name : ENCODERS) {
            try (Model<TextEncoder> model = Family.read(folder(name))) {
                TextEncoder net = model.net();
                float[] all = vectors(model, texts(new Random(11), net.vocabulary(), net.context()));
                sums.append(' ').append(name).append(' ').append(sum(all));
            }
        }
        for (String name : List.of("gpt2", "llama")) {
            try (Model<CausalNet> model = DecoderFamily.read(folder(name));
                    CachedDecoder decoder = CachedDecoder.of(model);
                    CachedDecoder.Sequences sequences = decoder.sequences()) {
                FloatBuffer logits = sequences.read(
                        new Random(13).ints(decoder.capacity(), 0, 50).toArray());
                float[] all = new float[logits.limit()];
                logits.get(0, all);
                sums.append(' ').append(name).append(' ').append(sum(all));
            }
        }
        System.out.println(sums);
    }

    private static String sum(float[] numbers) {
        CRC32 crc = new CRC32();
        for (float x : numbers) {
            int bits = Float.floatToRawIntBits(x);
            for (int shift = 0; shift < 32; shift += 8) {
                crc.update(bits >> shift);
            }
        }
        return Long.toHexString(crc.getValue());
    }
}
