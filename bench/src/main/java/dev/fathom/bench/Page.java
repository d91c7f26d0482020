package dev.fathom.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** {@code docs/benchmarks.md}: the stored runs as tables, one for each kind of processor. */
final class Page {
    /** Where it stands. */
    static final Path FILE = Contender.BENCH.resolveSibling("docs").resolve("benchmarks.md");

    private static final String TITLE = """
            # Benchmarks

            <!-- ./fathom bench --page writes this page from bench/results/*.json: edit Page.java, not this file. -->
            """;

    private static final String INTRODUCTION = """

            ## How it is measured

            `./fathom bench --peers` measures Fathom beside PyTorch, oneDNN, OpenBLAS, BLIS, ONNX Runtime, TensorFlow Lite with XNNPACK, llama.cpp, Deeplearning4j, the Deep Java
            Library (DJL) and Hugging Face's tokenizers. Every contender runs in its own JVM at its best
            settings (its threads, its memory allocator, its fastest layout), and the contenders take turns of a fraction of a second in every row, so that a noisy machine
            disturbs all of them alike. Each row is measured in two generations of fresh processes, in three where the two leave a doubt, or in one where the ratio
            is an eighth away from 1 and from what is asked; and medians count, so that a single hiccup has no say. A contender has two to five turns in a
            generation: no more are given once the error of the ratio is below 3 %, or where the ratio is further from 1 and from what is asked than twice its error
            (after three turns, or after two where it is an eighth away and no contender took 1.5 times as long in one as in the other); and none to a peer that
            took 1.8 times as long as the fastest of its row in one turn, 1.4 times in two, or 1.1 times in a whole generation, whose own figure is then of these.
            A peer that fails leaves its row to the others, and the run says so.

            The ratio compares Fathom with the fastest peer of the row: a ratio of 2 means that Fathom needs half the time or half the memory. The error beside it
            is the larger of twice the standard error of the median and half the range of the generations. The last column is the share of what the machine itself
            can do, which a small C program measures in the same run: multiply-adds on registers for arithmetic, and plain passes over memory for the rest.
            Convolutions count every tap of every output, so those that use Winograd's transforms (3x3, stride 1) can exceed the machine's peak.

            Most rows have a ratio that they must reach and one that is the goal; the column "asked" gives both. The verdict says `goal` or `ok` where they are
            reached, `bound` where the row falls short of its ratio but uses 95 % of what the machine gives, so that nobody could be much faster, and `MISSED`
            otherwise. Recurrent nets are asked for more where kernels use AVX-512 than where they use AVX2. `freeze-vgg16` compares `Plan.freeze` with touching a
            block of the plan's size and copying the model once, in the same process.

            The name of a peer says how it was set: `torch` is the build of PyTorch's JavaCPP presets with OpenBLAS and `torch-mkl` the last official build that is to be had as a package, which is of an earlier version; `malloc` keeps
            the memory that a step frees, `thp` asks for huge pages (`THP_MEM_ALLOC_ENABLE`), `blas1` gives OpenBLAS one thread, `passive` lets waiting threads sleep, and `cl` stores images with the channels last. `onednn-sgemm`
            is oneDNN's function of BLAS, `onednn-matmul` its primitive, and `onednn-packed` the primitive with its right side in its own layout before the clock
            starts: a peer of the rows `linear-`, where Fathom's is too, and in rows `gemm-…-packed` beside Fathom's plain product. `blis` is BLIS 0.9
            where the system has its library (`libblis4-openmp` of Debian), told to take its kernels for these vectors, as it knows no processor after Zen 3. A
            row `-as-shipped` has PyTorch with nothing set, and a row `-nchw` has oneDNN on tensors with the channels first.

            Rows `conv-` are 3x3 convolutions with stride 1 and 2, 1x1, depthwise and 5x5 ones, forward and both gradients. A layer with `benchdnn` or `deepbench` in its
            name is one of oneDNN's or of Baidu's benchmarks, by the name or the sizes that it has there (side, channels, images, channels of the result, kernel).
            `conv-mean-` are geometric means of all layers alike, and `conv-mean-resnet18-`, `-resnet50-` and `-mobilenetv2-` weight each layer by the arithmetic of
            those layers of the network that are nearest to it in kind, kernel, stride and size. `conv-filters-` is what is done to filters when they have changed:
            Winograd's transform here, and a reorder into its own layout by oneDNN.

            PyTorch's optimizers are those of its C++ frontend, which Java's presets offer: its Adam is a chain of operators, each of which passes over the parameters.
            The fused kernel that Python's `torch.optim.Adam(fused=True)` runs is not among them, so `adam-10M` and steps with Adam say nothing of it.

            Rows `activation-` are an activation forward and backward on a million numbers, 20 bytes each; PyTorch runs the operators that its autograd calls. Rows
            `update-` are steps of optimizers on ten million parameters, with what the machine can move as the only measure.

            In the training steps of sequences, PyTorch treats denormals as zeros, as Fathom's kernels do: gradients that vanish over 500 steps would otherwise make
            it several times as slow on an Intel processor.

            `wgan-train` is a round of a Wasserstein adversarial net on images of 28 x 28: five steps of the critic, whose weights are clipped, and one of the
            generator, with 64 images, two layers of 32 and 64 channels in either net, batch norms in the generator, and RMSProp.

            Rows `-replicas-s2` and `-s16` are steps of a trainer that computes 2 or 16 shards of a batch with two replicas, beside those of one that does not cut its
            batches (`without`): LeNet with 64 images, and the LSTM of `lstm-32x500-train`.

            The rows of sequences: `lstm-32x500-train` is an embedding of 10,000 tokens, an LSTM of 32 units over 500 steps and a dense layer on its last step;
            `lstm-256x100-train` and `gru-256x100-train` read 128 features; `bilstm-packed-train` has two bidirectional layers and sequences of 20 to 200 steps,
            which PyTorch gets packed before the clock starts, and Fathom padded. Rows `-cell-` are such a layer alone, all its steps forward or backward, beside
            oneDNN's primitive. It is given zero states, since it computes a wrong gradient of an LSTM's U without any, and its GRU is `lbr_gru`, whose reset gate
            multiplies behind the product, as PyTorch's does. Rows `embedding-` are steps of Adam for 4,096 tokens: `-dense` updates every vector, as Adam is
            defined, and `-lazy` those of the tokens alone, as PyTorch's SparseAdam does. A row `-dl4j` has Deeplearning4j, which has LSTMs and no GRU. Rows `-twice-`
            compare a training step on twice the steps or twice the sequences with one on the usual number (`once`), in the same process: a ratio of 0.5 means that
            twice the work takes twice as long, and 0.45 is asked, 2.2 times as long.

            The rows of attention: `attention-128`, `-1024` and `-4096` are attention alone, forward and backward, with 8 heads of 64 numbers over so many tokens,
            beside PyTorch's fused kernel. PyTorch gets the gradient of the result; Fathom, whose `backward` begins at one number, also computes the sum of its
            products with the result, which is timed. A suffix `-tokens` says that the tensors of the peer are stored token by token, as Fathom's are, and `-heads`
            head by head. `transformer-train` is a step of Adam for an encoder of 4 layers, width 256, 8 heads, 1,024 hidden units, 8 sequences of 256 tokens, no
            dropout; PyTorch runs it with its fused attention, with products and a softmax (`-products`), and with its own `nn.TransformerEncoder` (`-module`).
            `cae-train` is a step of Adam for a member of CAE-Ensemble on 64 windows of 32 rows and 2 columns: vectors of 64 numbers, five gated convolutions on either
            side and attention to the encoder, no dropout. PyTorch computes values and gates by one convolution.
            `supernet-train` is a step of Adam for the weights of AutoCTS' supernet, the first half of a bi-level step: 16 windows of 12 steps of 20 series, two blocks
            of ten edges, each with five operators on a quarter of 16 channels, and shares that are given. PyTorch computes values and gates by one convolution.
            `gpt-generate` writes 256 tokens, each the likeliest, with a frozen causal stack of 6 layers, width 384, 6 heads and a vocabulary of 65, one token a
            call, with keys and values in a cache. Its share of the bound counts the bytes of all matrices and of the cache so far for each token, and 80 % of what
            the machine can read of so many bytes is asked besides the ratio. ONNX Runtime runs `GroupQueryAttention`, whose caches stay where they lie; PyTorch
            writes into tensors made before. Rows `-bf16` store the matrices in bfloat16 and are compared with Fathom's own F32.
            `bert-infer-b1` is a frozen encoder of 12 layers, width 384 and 12 heads on 128 tokens; ONNX Runtime has the operators
            that its own tool fuses, with one product for queries, keys and values (`-packed`) or three (`-separate`).

            `encoder-l6-` and `-l12-` turn texts into vectors by BERT's encoder with 6 layers, as all-MiniLM-L6-v2 has, or 12, as all-MiniLM-L12-v2 and BGE-small have, of
            width 384: one text of so many tokens (`-b1`), or 32 whose lengths are spread evenly up to so many (`-b32`). Fathom begins with strings, and the time
            of its tokenizer counts; its peers begin with the numbers of the tokens. They run texts one by one, in eights of similar lengths, or all at once, which
            the number behind their names says, padded to the longest and masked, in those ways with which one of them was the fastest at that length; ONNX Runtime
            with its fused embedding, attention, norms and activation. The share of the bound counts no padding. `cold-start-mlp` is the time from the start of
            the JVM to the first answer of a plan in a file, or of an ONNX file by ONNX Runtime with its library unpacked; with an archive of classes for both
            (`-archive`), or the AOT cache of JDK 25 (`-aot`). `cold-start-encoder` is the time from the start of
            the JVM to the first vector of a text of 16 tokens with 6 layers, read from a folder; its peer is ONNX Runtime with Hugging Face's tokenizer for Java.
            `decoder-15m` and `-110m` write 64 tokens with decoders built as Llama of the sizes of llama2.c's models, and 80 % of what the machine can read is asked;
            `prefill-` reads a prompt of 128 tokens at once. `write-` does it with files of llama.cpp, beside llama.cpp, which rounds inputs to bytes as `Q8_0_PRODUCTS`
            and `Q4_K_PRODUCTS` do.

            Rows `onnx-` run a model read from a file of ONNX beside ONNX Runtime's session of the same file, with inputs that lie in both before the clock starts.
            Behind the name of a model stand the dimensions of its first input, and behind them the other sizes that are free. The small ones are those of
            `test-data/onnx`, where most of the time is not arithmetic; others are trained models of the folder `FATHOM_DATA`, which are left out without it; and the
            library's networks, with random weights, are written as ONNX first. ONNX Runtime is told all sizes in advance, so that it can compute beforehand what
            depends on them, and also runs all but the last kind in one thread (`-1-thread`). A row fails if an output differs by more than 10⁻⁴ of its largest
            number. `onnx-mean` is the geometric mean of all models. `onnx-import-resnet50` is the time from the file to a session that can run, and
            `cold-start-onnx` that from the start of the JVM to the first answer of the same network.

            `tokenize-wordpiece`, `-bpe` and `-unigram` are 400,000 characters of Shakespeare's plays as a thousand texts, by the tokenizers of all-MiniLM-L6-v2, GPT-2 and
            T5, all of which are read from a `tokenizer.json`. Hugging Face's library runs one by one and all in one call (`-batch`), and also through the functions below its
            Java interface, so that nothing but numbers is copied (`-numbers`). A row `-long` has the same characters as one text beside the thousand (`short`), in the same
            process: 1 says that time is linear in the length of a text. These rows need tokenizers and the plays in the folder `FATHOM_DATA`, and are left out without.

            `search-f32` and `search-int8` find the ten nearest of a million vectors of 384 numbers in a file that was read into memory, `-mapped` in a mapped file,
            whose pages memory holds and which is copied for each search. The figure counts the bytes of the floats, and for int8 those of the codes and their
            bounds. PyTorch multiplies a matrix in memory and takes the largest results (`topk`).

            The rows `serve-` have the number of their callers where others have that of Fathom's threads. `serve-p50` and `-p99.9` are the latency of an answer.
            `serve-tail` is by how much the 99.9th percentile of a million calls in three processes exceeds that of as many empty spins, which are as long as a call and alternate with
            the calls in the same thread: at most 10 µs, or 0.6 of ONNX Runtime's, are asked. Rows `serve-tail-` have the percentiles of these calls beside those of
            the spins. `serve-scaling` compares the answers to two callers with those to one. The rows `-java-bytes` and `-mallocs` are what an answer allocates on the
            Java heap and by calls of malloc: of a session, of one from a `SessionPool` (`-pool`), or of a `MicroBatcher` with a request that is used again
            (`-batcher`). `serve-batcher-waiting` has 64 threads that each wait for their answer, and `-pending` two threads that keep 32 requests each under way;
            their peer is a session with one caller (`batch-1`). Rows `-p99` compare the 99th percentile of such a request with two runs of a batch (`2-runs`): the
            one under way, and its own. `serve-start` is a cold start beside the peers that `cold-start-mlp` has not.

            ## Repeat it

            ```sh
            ./fathom bench --peers                     # everything: about an hour on two cores, which should do nothing else meanwhile
            ./fathom bench --peers --filter conv       # the rows whose names start with conv
            ./fathom bench --quick                     # Fathom alone, in a minute
            ./fathom bench --peers --isa v3            # with AVX2 kernels on a processor that has AVX-512
            ./fathom bench --threads 1,2,4,8,16        # how many times as fast more threads are, as a chart
            ./fathom bench --peers --save              # stores the run in bench/results, and writes this page anew
            ./fathom bench --peers --against FILE      # names the rows that fell since the stored run, and then exits with 1
            ./fathom bench --against FILE --with FILE  # compares two stored runs
            ./fathom bench --page                      # writes this page from the stored runs
            ```

            A row with peers fell if its ratio became smaller by more than the errors of both runs together and by more than 3 %. A row without peers is judged by
            its share of the machine's bound. Every run leaves `results.json`, `run.json` (the form in which runs are stored, which `--against` and `--with`
            take) and all samples in `out/bench`. The stored files also hold the figures of every contender, not only of the fastest.

            Rows with the same contenders are measured one after another, so that few processes live at a time. Where they would hold more than 6 GiB together, as
            far as can be told from what each held after its last request, the one whose next turn is the furthest away ends, and starts and warms up again for that
            turn. Before it measures, a process waits until the JVM's compilers have worked off what the setup and the warm-up left them. A run says how much its
            processes held at most (a page of memory that several of them share is divided evenly among them), how far it is and how many minutes are left. It writes
            what it has after every family of rows, and goes on where it was when it is started again after it was cut off, if the commit, the machine and the
            options are the same.

            `--isa v3` holds Fathom to its AVX2 kernels on a processor that has AVX-512, and the peers too: PyTorch by `ATEN_CPU_CAPABILITY`, oneDNN by
            `ONEDNN_MAX_CPU_ISA`, MKL by `MKL_ENABLE_INSTRUCTIONS`, OpenBLAS by `OPENBLAS_CORETYPE`, BLIS by `BLIS_ARCH_TYPE` and Deeplearning4j by its natives for AVX2. ONNX Runtime
            and TensorFlow Lite have no such switch, so they are left out, with the rows that have no other peer. Hugging Face's tokenizers and the
            Deep Java Library's Java code have none either; the PyTorch below the latter is held. Such a run is stored in a file of its own, which ends in `-v3`.

            Settings of your shell for OpenBLAS, OpenMP and malloc do not reach the contenders: each has the environment that stands in `Row.java`.
            """;

    private Page() {}

    /** The page of these runs. */
    static String of(List<Report> runs) {
        StringBuilder s = new StringBuilder(TITLE);
        s.append(ServingPage.text(runs)).append(INTRODUCTION);
        for (Report run : runs) {
            Machine machine = run.machine();
            boolean held = held(machine, runs);
            s.append(String.format(
                    Locale.ROOT,
                    "%n## %s%n%n%s, commit %s, %d processors, %s, JDK %s, `%s` kernels. %s.%s%n%n",
                    machine.processor() + (held ? ", held to AVX2" : ""),
                    run.date(),
                    run.commit(),
                    machine.cores(),
                    machine.os(),
                    machine.jdk(),
                    machine.isa(),
                    machine.about(),
                    run.complete() ? "" : " Not every row has been measured on this processor yet."));
            run.versions().forEach(version -> s.append("- ").append(version).append('\n'));
            s.append("\n| row | threads | Fathom | fastest peer | ratio | asked | verdict | of the bound |\n");
            s.append("| --- | ---: | ---: | --- | ---: | --- | --- | ---: |\n");
            run.rows().forEach(row -> s.append(line(row)));
        }
        return s.toString().replace(System.lineSeparator(), "\n");
    }

    /** Whether a run with AVX2 stands beside one of the same processor with AVX-512. */
    static boolean held(Machine machine, List<Report> runs) {
        return machine.isa().equals("v3")
                && runs.stream()
                        .map(Report::machine)
                        .anyMatch(m -> m.processor().equals(machine.processor())
                                && m.isa().equals("v4"));
    }

    private static String line(Measurement r) {
        String[] cells = {
            "`" + r.name() + "`" + (r.commit().isEmpty() ? "" : " (" + r.commit() + ")"),
            Integer.toString(r.threads()),
            Measurement.figure(r.value()) + " " + (r.unit().equals("us") ? "µs" : r.unit()),
            Measurement.figure(r.peerValue()) + " " + r.peer(),
            Double.isNaN(r.ratio()) ? "" : String.format(Locale.ROOT, "%.2f ± %.2f", r.ratio(), r.error()),
            r.bar().text(),
            r.failure().isEmpty() ? r.verdict() : "FAILED: " + r.failure(),
            Double.isNaN(r.peakFraction()) ? "" : Math.round(100 * r.peakFraction()) + " %"
        };
        StringBuilder s = new StringBuilder("|");
        for (String cell : cells) {
            s.append(' ').append(cell.strip()).append(cell.isBlank() ? "|" : " |");
        }
        return s.append('\n').toString();
    }
}
