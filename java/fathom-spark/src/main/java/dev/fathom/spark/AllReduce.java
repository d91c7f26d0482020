package dev.fathom.spark;

import dev.fathom.op.DType;
import dev.fathom.spark.Frame.Kind;
import dev.fathom.train.Exchange;
import dev.fathom.train.ShardTree;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An exchange between processes of which each is connected with all others by Netty, for one run. Each process adds up
 * an equal part of the floats: it gets this part of the nodes of all others, and sends them its sum (reduce-scatter and
 * all-gather). So a process sends and receives about twice the size of a node, or more where shares have several nodes,
 * whatever the number of processes is. Large buffers go in rounds, so that a process needs a few megabytes. Gradients
 * may be rounded to BF16 on their way, and take half of it.
 *
 * <p>Messages say to which call and place their bytes belong. A process that is gone, that sends something else, or
 * that is silent for longer than the patience of those that wait for it, ends the run: each other one throws the same
 * sentence, which names it. While a process waits, it sends signs of life, so that the one is named for which all wait.
 */
final class AllReduce implements Exchange, AutoCloseable {
    /** How many bytes of nodes a round has in one process. */
    private static final int STAGED = 1 << 21;

    private static final int LEAST_PART = 1 << 12;

    private final Party me;
    private final Mesh mesh;
    private DType gradients = DType.F32;
    private long calls;
    /** What others have sent, and numbers as they are sent. */
    private ByteBuffer staged = direct(0);

    private ByteBuffer numbers = direct(0);
    private @Nullable RuntimeException failed;

    /**
     * Begins to listen; {@link #connect} completes it.
     *
     * @param patience how long others may be silent
     */
    AllReduce(Party me, Duration patience) {
        this.me = me;
        mesh = new Mesh(me, patience);
    }

    /** Returns where this process listens. */
    int port() {
        return mesh.port();
    }

    /**
     * Connects with all others.
     *
     * @param all where each process listens, also this one
     * @throws IllegalStateException if one does not fit, or not all are there in time; it is then closed
     */
    AllReduce connect(List<InetSocketAddress> all) {
        ending(() -> mesh.connect(all));
        return this;
    }

    @Override
    public int process() {
        return me.process();
    }

    @Override
    public int processes() {
        return me.processes();
    }

    /** Lets gradients be sent as F32, as they are at first, or rounded to BF16, as all processes do it. */
    AllReduce gradients(DType type) {
        gradients = type;
        return this;
    }

    @Override
    public DType gradients() {
        return gradients;
    }

    // ---- sums

    @Override
    public void sum(ShardTree tree, List<ByteBuffer> nodes) {
        sum(tree, nodes, Kind.NODES_OF_FLOATS, Kind.SUM_OF_FLOATS, Float.BYTES, AllReduce::add);
    }

    /**
     * Adds up gradients. As BF16, a node is rounded where another process adds it up, and so is each sum, also in the
     * process that has it.
     */
    @Override
    public void sumGradients(ShardTree tree, List<ByteBuffer> nodes) {
        if (gradients == DType.BF16) {
            sum(tree, nodes, Kind.ROUNDED_NODES, Kind.ROUNDED_SUM, Float.BYTES, AllReduce::add);
        } else {
            sum(tree, nodes);
        }
    }

    private static ByteBuffer add(ByteBuffer left, ByteBuffer right) {
        ShardTree.add(left, right);
        return left;
    }

    @Override
    public void sumNumbers(ShardTree tree, List<double[]> nodes) {
        int size = Double.BYTES * nodes.get(0).length;
        numbers = grown(numbers, size * nodes.size());
        List<ByteBuffer> bytes = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            ByteBuffer node = slice(numbers, i * size, size);
            node.asDoubleBuffer().put(nodes.get(i));
            bytes.add(node);
        }
        sum(tree, bytes, Kind.NODES_OF_NUMBERS, Kind.SUM_OF_NUMBERS, Double.BYTES, (left, right) -> {
            for (int i = 0; i < left.limit(); i += Double.BYTES) {
                left.putDouble(i, left.getDouble(i) + right.getDouble(i));
            }
            return left;
        });
        bytes.get(0).asDoubleBuffer().get(nodes.get(0));
    }

    private void sum(
            ShardTree tree, List<ByteBuffer> nodes, Kind parts, Kind sums, int unit, BinaryOperator<ByteBuffer> add) {
        boolean known = tree.shards() == me.shards() || tree.shards() == processes();
        if (!known || nodes.size() != nodes(tree, process())) {
            throw new IllegalArgumentException("exchange: " + nodes.size() + " nodes of " + tree + " do not fit " + me
                    + "; give the trainer as many shards");
        }
        ending(() -> {
            int total = nodes.get(0).remaining();
            int all = IntStream.range(0, processes()).map(p -> nodes(tree, p)).sum();
            int each = Math.max(LEAST_PART, STAGED / all & -64);
            Call call = new Call(tree, nodes, parts, sums, add);
            List<ByteBuffer> mine = new ArrayList<>();
            int from = 0;
            Round round = round(from, total, each, unit);
            call.sendNodes(round);
            while (from < total) {
                mine.add(call.sendSum(round));
                from += round.bytes;
                Round next = round(from, total, each, unit);
                call.sendNodes(next); // before the sums of others, so that nobody waits for it
                call.receiveSums(round);
                round = next;
            }
            mesh.flush();
            if (call.rounds) {
                mine.forEach(Bf16::widen);
            }
            calls++;
        });
    }

    private Round round(int from, int total, int each, int unit) {
        return new Round(from, (int) Math.min((long) each * processes(), total - from), unit, processes());
    }

    private int nodes(ShardTree tree, int process) {
        return tree.nodes(tree.share(process, processes())).size();
    }

    /** Some bytes of each node, of which each process adds up a part. */
    private record Round(int from, int bytes, int unit, int processes) {
        int from(int process) {
            return from + (int) ((long) (bytes / unit) * process / processes) * unit;
        }

        int bytes(int process) {
            return from(process + 1) - from(process);
        }

        /** The part of a process. */
        ByteBuffer of(ByteBuffer node, int process) {
            return slice(node, from(process), bytes(process));
        }
    }

    /** What is the same for all rounds of a sum. */
    private final class Call {
        private final ShardTree tree;
        private final List<ByteBuffer> nodes;
        private final Kind parts;
        private final Kind sums;
        private final BinaryOperator<ByteBuffer> add;
        private final int total;
        /** Whether floats are rounded to BF16, in the first half of their place until they are used again. */
        private final boolean rounds;

        Call(ShardTree tree, List<ByteBuffer> nodes, Kind parts, Kind sums, BinaryOperator<ByteBuffer> add) {
            this.tree = tree;
            this.nodes = nodes;
            this.parts = parts;
            this.sums = sums;
            this.add = add;
            total = nodes.get(0).remaining();
            rounds = parts == Kind.ROUNDED_NODES;
        }

        private Frame frame(Kind kind, Round round, int owner, int count) {
            int bytes = round.bytes(owner) / (rounds ? 2 : 1);
            return new Frame(kind, calls, total, round.from(owner), count * bytes);
        }

        private ByteBuffer sent(ByteBuffer part) {
            return rounds ? Bf16.narrow(part) : part;
        }

        private void receive(int process, Frame frame, List<ByteBuffer> parts) {
            if (rounds) {
                mesh.link(process).receive(frame, parts.stream().map(Bf16::half).toList());
                parts.forEach(Bf16::widen);
            } else {
                mesh.link(process).receive(frame, parts);
            }
        }

        /** Sends each other process its part of the nodes of this one. */
        void sendNodes(Round round) {
            for (int p = 0; p < processes(); p++) {
                int owner = p;
                if (owner != process() && round.bytes(owner) > 0) {
                    mesh.link(owner)
                            .send(
                                    frame(parts, round, owner, nodes.size()),
                                    nodes.stream()
                                            .map(node -> sent(round.of(node, owner)))
                                            .toList());
                }
            }
        }

        /** Adds up the part of this process, sends the sum to all others, and returns where it lies. */
        ByteBuffer sendSum(Round round) {
            int bytes = round.bytes(process());
            ByteBuffer mine = round.of(nodes.get(0), process());
            if (bytes == 0) {
                return mine;
            }
            ByteBuffer sum = tree.sum(received(round, bytes), processes(), add);
            mine.duplicate().put(sum); // of process 0 to itself
            ByteBuffer sent = sent(mine);
            for (int p = 0; p < processes(); p++) {
                if (p != process()) {
                    mesh.link(p).send(frame(sums, round, process(), 1), List.of(sent));
                }
            }
            return mine;
        }

        /** The part of this process of the nodes of all, in their order. */
        private List<ByteBuffer> received(Round round, int bytes) {
            int others = IntStream.range(0, processes())
                    .filter(p -> p != process())
                    .map(p -> nodes(tree, p))
                    .sum();
            staged = grown(staged, others * bytes);
            List<ByteBuffer> all = new ArrayList<>();
            int at = 0;
            for (int p = 0; p < processes(); p++) {
                if (p == process()) {
                    nodes.forEach(node -> all.add(round.of(node, process())));
                    continue;
                }
                int count = nodes(tree, p);
                List<ByteBuffer> theirs = new ArrayList<>();
                for (int i = 0; i < count; i++, at += bytes) {
                    theirs.add(slice(staged, at, bytes));
                }
                receive(p, frame(parts, round, process(), count), theirs);
                all.addAll(theirs);
            }
            return all;
        }

        void receiveSums(Round round) {
            for (int p = 0; p < processes(); p++) {
                if (p != process() && round.bytes(p) > 0) {
                    receive(p, frame(sums, round, p, 1), List.of(round.of(nodes.get(0), p)));
                }
            }
        }
    }

    // ---- buffers

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** A buffer with room for so many bytes; what is in the old one is lost. */
    private static ByteBuffer grown(ByteBuffer old, int bytes) {
        return old.capacity() >= bytes ? old : direct(bytes);
    }

    private static ByteBuffer slice(ByteBuffer of, int from, int bytes) {
        return of.slice(of.position() + from, bytes).order(ByteOrder.nativeOrder());
    }

    // ---- the end

    /** Does something that ends the run of all processes if it fails. */
    private void ending(Runnable action) {
        if (failed != null) {
            throw new IllegalStateException(failed.getMessage(), failed);
        }
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            fail(e);
            throw e;
        }
    }

    /** The run has ended for good, because one of the processes said so. */
    static final class End extends IllegalStateException {
        private static final long serialVersionUID = 1;

        End(String sentence) {
            super(sentence);
        }
    }

    /** Ends this attempt of all processes, unless it has ended already. */
    void fail(Throwable why) {
        if (failed == null) {
            String sentence = String.valueOf(why.getMessage());
            if (!(why instanceof End) && !sentence.startsWith("exchange: ")) {
                sentence = "exchange: process " + process() + " has failed: " + why;
            }
            failed = new IllegalStateException(sentence, why);
            mesh.end(why instanceof End ? Kind.END : Kind.FAILURE, sentence);
        }
    }

    /** Ends the run of all processes for good by a sentence, and closes. */
    void end(String sentence) {
        mesh.end(Kind.END, sentence);
    }

    /** Leaves the run: others that wait for this process, or will, are told that it is gone. */
    @Override
    public void close() {
        mesh.close();
    }
}
