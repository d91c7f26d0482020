package dev.fathom.spark;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A connection between each two processes of a run. Each process listens, and calls those of lower numbers; both say
 * who they are, and who does not fit is refused by a sentence. Others that call, in another language or from another
 * run, are sent away and change nothing.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the connection, which is heard of
final class Mesh implements AutoCloseable {
    /** What may wait in this process to be read, from all others together. */
    private static final int ROOM = 4 << 20;

    private static final int LEAST_ROOM = 1 << 16;

    /** How long to wait before looking whether those that are there still are. */
    private static final long LOOK = TimeUnit.MILLISECONDS.toNanos(100);

    /** In front of a greeting, and of a sentence that refuses one. */
    private static final long HELLO = 0x666174686f6d3031L;

    private static final long REFUSED = 0x666174686f6d3030L;
    private static final int PREFIX = Long.BYTES + Integer.BYTES;
    private static final int LONGEST = 1 << 12;

    private final Party me;
    private final Duration patience;
    private final EventLoopGroup loop = new NioEventLoopGroup(1, new DefaultThreadFactory("fathom-exchange", true));
    private final ChannelGroup channels = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
    private final Channel server;

    // guarded by this
    private final @Nullable Link[] links;
    private @Nullable String failure;
    private String refused = "";
    private boolean whole;
    private boolean closed;

    /**
     * Begins to listen.
     *
     * @throws IllegalStateException if this process gets no port
     */
    Mesh(Party me, Duration patience) {
        this.me = me;
        this.patience = patience;
        links = new Link[me.processes()];
        var binding = new ServerBootstrap()
                .group(loop)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(greeting(-1))
                .bind(0)
                .awaitUninterruptibly();
        if (!binding.isSuccess()) {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new IllegalStateException(
                    "exchange: " + me + " cannot listen: " + binding.cause().getMessage(), binding.cause());
        }
        server = binding.channel();
        channels.add(server);
    }

    int port() {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    // ---- greetings

    /** What greets a caller, or the process that is called. */
    private ChannelInitializer<SocketChannel> greeting(int called) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                channels.add(channel);
                channel.pipeline().addLast(new Greeting(called));
            }
        };
    }

    private static ByteBuf message(long kind, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Unpooled.buffer().writeLong(kind).writeInt(bytes.length).writeBytes(bytes);
    }

    /** Reads who is there, and lets a {@link Link} go on. */
    private final class Greeting extends ByteToMessageDecoder {
        /** The process that is called, or -1. */
        private final int called;

        Greeting(int called) {
            this.called = called;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (called >= 0) {
                context.writeAndFlush(message(HELLO, me.text()));
            }
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            if (in.readableBytes() < PREFIX) {
                return;
            }
            long kind = in.getLong(in.readerIndex());
            int size = in.getInt(in.readerIndex() + Long.BYTES);
            if (kind != HELLO && (kind != REFUSED || called < 0) || size < 0 || size > LONGEST) {
                stranger(context, "a stranger");
            } else if (in.readableBytes() >= PREFIX + size) {
                in.skipBytes(PREFIX);
                String text = in.readCharSequence(size, StandardCharsets.UTF_8).toString();
                if (kind == REFUSED) {
                    fail(text);
                } else {
                    greet(context, Party.of(text));
                }
            }
        }

        private void stranger(ChannelHandlerContext context, String who) {
            refused(who + " called from " + context.channel().remoteAddress());
            context.close();
        }

        private void greet(ChannelHandlerContext context, @Nullable Party other) {
            if (other == null) {
                stranger(context, "a stranger");
                return;
            }
            if (!other.run().equals(me.run())) {
                refuse(
                        context,
                        "exchange: process " + other.process() + " of the run " + other.run() + " called " + me
                                + " of another run; give each process the addresses of its own run");
                stranger(context, "process " + other.process() + " of the run " + other.run());
                return;
            }
            String objection = me.objection(other);
            if (objection != null) {
                refuse(context, objection);
                fail(objection);
            } else {
                join(context, other.process());
            }
        }

        private void refuse(ChannelHandlerContext context, String sentence) {
            if (called < 0) {
                context.writeAndFlush(message(REFUSED, sentence)).addListener(ChannelFutureListener.CLOSE);
            }
        }

        private void join(ChannelHandlerContext context, int process) {
            String name = name(process) + " at " + context.channel().remoteAddress();
            int room = Math.max(LEAST_ROOM, ROOM / me.processes());
            Link link = new Link(name, name(me.process()), context.channel(), room, patience, Mesh.this::signOfLife);
            if (called < 0 ? process < me.process() || isThere(process) : process != called) {
                String sentence = "exchange: two processes say that they are " + name(process) + ", or one called "
                        + name(me.process()) + " for another; give each the same list of addresses";
                refuse(context, sentence);
                fail(sentence);
                return;
            }
            if (called < 0) {
                context.writeAndFlush(message(HELLO, me.text()));
            }
            context.pipeline().replace(this, "link", link);
            joined(process, link);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (called >= 0) {
                fail("exchange: " + name(called) + " at " + context.channel().remoteAddress()
                        + " has closed the connection that " + name(me.process()) + " made");
            }
        }
    }

    private static String name(int process) {
        return "process " + process;
    }

    private synchronized boolean isThere(int process) {
        return links[process] != null;
    }

    private synchronized void joined(int process, Link link) {
        links[process] = link;
        notifyAll();
    }

    private synchronized void refused(String what) {
        refused = "; " + what + " and was sent away";
    }

    private synchronized void fail(String sentence) {
        if (failure == null && !whole) {
            failure = sentence;
        }
        notifyAll();
    }

    // ---- the run

    /**
     * Calls the others, and waits until all are there.
     *
     * @param all where each process listens
     * @throws IllegalStateException if one does not fit, or not all are there in time
     */
    void connect(List<InetSocketAddress> all) {
        for (int p = 0; p < me.process(); p++) {
            int process = p;
            new Bootstrap()
                    .group(loop)
                    .channel(NioSocketChannel.class)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                            Math.min(patience.toMillis(), Integer.MAX_VALUE))
                    .handler(greeting(p))
                    .connect(all.get(p))
                    .addListener(done -> {
                        if (!done.isSuccess()) {
                            fail("exchange: " + name(me.process()) + " cannot reach " + name(process) + ": "
                                    + done.cause().getMessage());
                        }
                    });
        }
        await();
        server.close();
        channels.close(channel -> channel.pipeline().get(Link.class) == null); // strangers that say nothing
    }

    private void await() {
        long end = System.nanoTime() + patience.toNanos();
        while (!isWhole(end)) {
            links().forEach(Link::check);
        }
    }

    /** Waits a little for those that are not there. */
    private synchronized boolean isWhole(long end) {
        if (failure != null || closed) {
            throw new IllegalStateException(failure != null ? failure : "exchange: it is closed");
        }
        int absent = absent();
        whole = absent < 0;
        long left = end - System.nanoTime();
        if (!whole && left <= 0) {
            throw new IllegalStateException("exchange: " + name(absent) + " is not there after " + Link.shown(patience)
                    + ", which is as long as the patience of " + me + refused);
        }
        try {
            TimeUnit.NANOSECONDS.timedWait(this, whole ? 0 : Math.min(left, LOOK));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("exchange: " + name(me.process()) + " was interrupted");
        }
        return whole;
    }

    /** One that is not there yet, or -1. */
    private int absent() {
        return IntStream.range(0, links.length)
                .filter(p -> p != me.process() && links[p] == null)
                .findFirst()
                .orElse(-1);
    }

    /** The connection to another process. */
    synchronized Link link(int process) {
        return Objects.requireNonNull(links[process]);
    }

    /** The connections to those that are there. */
    private synchronized List<Link> links() {
        return IntStream.range(0, links.length)
                .mapToObj(p -> links[p])
                .filter(Objects::nonNull)
                .toList();
    }

    private void signOfLife() {
        links().forEach(Link::signOfLife);
    }

    /** Waits until all that was sent has left this process. */
    void flush() {
        links().forEach(Link::flush);
    }

    /** Tells all others why this attempt or the run ends, and closes. */
    void end(Frame.Kind kind, String sentence) {
        List<Link> all = links();
        all.forEach(link -> link.tell(kind, sentence));
        for (Channel channel : channels) { // those that this process has called, and that did not answer yet
            Greeting greeting = channel.pipeline().get(Greeting.class);
            if (greeting != null && greeting.called >= 0) {
                channel.writeAndFlush(Link.message(kind, sentence));
            }
        }
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        all.forEach(link -> link.abandon(until - System.nanoTime()));
        close();
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            notifyAll();
        }
        links().forEach(Link::end);
        channels.close(channel -> channel.pipeline().get(Link.class) == null);
        channels.newCloseFuture().addListener(done -> loop.shutdownGracefully(0, 1, TimeUnit.SECONDS));
    }
}
