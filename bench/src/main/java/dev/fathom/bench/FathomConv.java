package dev.fathom.bench;

import dev.fathom.bench.ConvCase.Direction;
import dev.fathom.command.Commands;
import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Convolutions of Fathom as the single commands that the library's operation issues: NHWC, the weights of the forward
 * direction packed before the clock starts, as a peer's are.
 */
public class FathomConv {
    /** One direction of a layer. */
    @State(Scope.Thread)
    public static class Convolution {
        /** Which layer. */
        @Param("lenet1")
        public String layer;

        /** Which direction. */
        @Param("FWD")
        public Direction direction;

        private final Commands commands = new Commands();
        private ConvCase conv;
        private boolean winograd;
        private int terms;
        private Floats x;
        private Floats w;
        private Floats y;
        private Floats packed;
        private Floats scratch;

        /** Makes the tensors. */
        @Setup(Level.Trial)
        public void setup() {
            conv = ConvCase.of(layer);
            x = new Floats(Work.swap(conv.x(), conv.n(), conv.c(), conv.side() * conv.side()), true);
            w = new Floats(
                    Work.swap(conv.w(), conv.k(), conv.c() / conv.groups(), conv.kernel() * conv.kernel()), true);
            y = new Floats(Work.swap(conv.dy(), conv.n(), conv.k(), conv.out() * conv.out()), true);
            boolean pack = direction == Direction.FWD && conv.groups() == 1;
            winograd = conv.kernel() == 3
                    && conv.stride() == 1
                    && Native.convWinograd(conv.c(), conv.k(), conv.out()) != 0;
            terms = (winograd ? 16 : conv.kernel() * conv.kernel()) * conv.c();
            packed = new Floats(pack ? (int) (Native.packedBytes(conv.k(), terms) / 4) : 16, true);
            if (pack) {
                pack();
            }
            write();
            scratch = new Floats((int) (commands.scratchBytes() / 4 + 16), true);
        }

        void pack() {
            commands.begin(winograd ? Kernel.WINOGRAD_PACK : Kernel.LINEAR_PACK)
                    .at(w.address())
                    .at(packed.address())
                    .put(conv.k())
                    .put(terms)
                    .run();
        }

        void run() {
            write();
            commands.run(scratch.address());
        }

        private void write() {
            switch (direction) {
                case FWD -> {
                    commands.begin(Kernel.CONV)
                            .at(x.address())
                            .at(conv.groups() == 1 ? 0 : w.address())
                            .at(conv.groups() == 1 ? packed.address() : 0)
                            .at(0)
                            .at(0)
                            .at(0)
                            .at(y.address());
                    geometry().put(0).put(-1).put(0f).put(0f);
                }
                case DATA -> {
                    commands.begin(Kernel.CONV_DATA)
                            .at(y.address())
                            .at(w.address())
                            .at(x.address());
                    geometry().put(0);
                }
                case WEIGHTS -> {
                    commands.begin(Kernel.CONV_WEIGHTS)
                            .at(x.address())
                            .at(y.address())
                            .at(w.address());
                    geometry().put(0);
                }
            }
        }

        /** Images and window. */
        private Commands geometry() {
            return commands.put(conv.n())
                    .put(conv.side())
                    .put(conv.side())
                    .put(conv.c())
                    .put(conv.out())
                    .put(conv.out())
                    .put(conv.k())
                    .put(conv.kernel())
                    .put(conv.kernel())
                    .put(conv.stride())
                    .put(conv.stride())
                    .put(1)
                    .put(1)
                    .put(conv.pad())
                    .put(conv.pad())
                    .put(conv.groups());
        }

        /** Compares a few numbers with double precision. */
        @TearDown(Level.Trial)
        public void check() {
            run();
            conv.check(
                    direction,
                    switch (direction) {
                        case FWD -> Work.swap(y.values(), conv.n(), conv.out() * conv.out(), conv.k());
                        case DATA -> Work.swap(x.values(), conv.n(), conv.side() * conv.side(), conv.c());
                        case WEIGHTS ->
                            Work.swap(w.values(), conv.k(), conv.kernel() * conv.kernel(), conv.c() / conv.groups());
                    });
            List.of(x, w, y, packed, scratch).forEach(Floats::close);
        }
    }

    /** The filters alone. */
    @Benchmark
    public void filters(Convolution convolution) {
        convolution.pack();
    }

    /** One call. */
    @Benchmark
    public void run(Convolution convolution) {
        convolution.run();
    }
}
