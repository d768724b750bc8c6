// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.ingest.common.IngestCommonPlugin;
import org.opensearch.ingest.useragent.IngestUserAgentPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.script.mustache.MustachePlugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * A single node without a distribution: java TestNode HOME [SETTING=VALUE ...]. It prints "READY HOST:PORT" and ends
 * on SIGTERM. It starts a Node without the class Bootstrap, hence without bootstrap checks and a security manager, so
 * that it also runs as root.
 */
public class TestNode extends Node {
    private static final List<Class<? extends Plugin>> MODULES = List.of(
        Netty4Plugin.class, PainlessPlugin.class, MustachePlugin.class, CommonAnalysisPlugin.class,
        IngestCommonPlugin.class, IngestUserAgentPlugin.class, MapperExtrasPlugin.class, ReindexPlugin.class);

    private TestNode(Environment environment) {
        super(environment, MODULES, false);
    }

    public static void main(String[] args) {
        try {
            run(args);
        } catch (Throwable e) {
            e.printStackTrace();
            System.exit(1); // threads of the node are running
        }
    }

    private static void run(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        for (String dir : List.of("config", "modules", "logs")) {
            Files.createDirectories(home.resolve(dir));
        }
        Map<String, String> settings = new HashMap<>();
        settings.put("path.home", home.toString());
        for (int i = 1; i < args.length; i++) {
            String[] setting = args[i].split("=", 2);
            settings.put(setting[0], setting[1]);
        }
        LogConfigurator.setNodeName("node");
        LogConfigurator.configureWithoutConfig(Settings.builder().put("logger.level", "WARN").build());
        TestNode node = new TestNode(InternalSettingsPreparer.prepareEnvironment(Settings.EMPTY, settings, null, () -> "node"));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (IOException e) {
                e.printStackTrace();
            }
        }));
        node.start();
        System.out.println("READY " + node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress());
        Thread.currentThread().join();
    }
}
