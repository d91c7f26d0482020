package dev.fathom.bench.llama;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LlamaOutput;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.LogFormat;
import de.kherud.llama.args.Sampler;
import dev.fathom.bench.DecoderCase;
import dev.fathom.bench.DecoderFile;
import java.io.IOException;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Writes texts with llama.cpp, by a Java library whose build of it has the instructions of AVX2. */
public class LlamaRows {
    /** Says which library runs here, and in how many threads. */
    public static String about() {
        return "llama.cpp of de.kherud:llama 4.2.0 (AVX2), " + THREADS + (THREADS == 1 ? " thread" : " threads");
    }

    private static final int THREADS = Integer.parseInt(System.getenv("OMP_NUM_THREADS"));

    /** A decoder. */
    @State(Scope.Thread)
    public static class Decoding {
        /** Its parameters in millions. */
        @Param("110")
        public int millions;

        /** The type of its matrices. */
        @Param("F32")
        public String weights;

        private LlamaModel model;
        private InferenceParameters request;

        /** Loads the file, and tells what it writes. */
        @Setup(Level.Trial)
        public void setup() throws IOException {
            LlamaModel.setLogger(LogFormat.TEXT, (level, message) -> {});
            DecoderCase d = DecoderCase.of(millions);
            model = new LlamaModel(new ModelParameters()
                    .setModel(DecoderFile.of(millions, weights).toString())
                    .setCtxSize(d.context())
                    .setThreads(THREADS)
                    .setThreadsBatch(THREADS)
                    .enableFlashAttn());
            request = new InferenceParameters(DecoderFile.text(d.prompt()))
                    .setNPredict(DecoderCase.WRITTEN)
                    .setCachePrompt(false)
                    .setIgnoreEos(true)
                    .setSamplers(Sampler.TOP_K)
                    .setTopK(1);
            DecoderCase.tellText(write());
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void close() {
            model.close();
        }

        String write() {
            StringBuilder text = new StringBuilder();
            for (LlamaOutput output : model.generate(request)) {
                text.append(output.text);
            }
            return text.toString();
        }
    }

    /** Writes a text. */
    @Benchmark
    public String generate(Decoding decoding) {
        return decoding.write();
    }
}
