using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Telemetry;

/// <summary>A separate service with a collector, a token for its metrics, and HTTP metrics.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class TelemetryTests
{
    private const string Traces = "/v1/traces";
    private const string Token = "a-token-of-the-metrics";

    private static readonly TimeSpan ExportTimeout = TimeSpan.FromSeconds(10);

    private readonly string traceId = Guid.NewGuid().ToString("N");
    private TemporaryFolder folder = null!;
    private Collector collector = null!;
    private ServiceProcess service = null!;
    private TestClient client = null!;

    private (string, string) TraceParent => ("traceparent", $"00-{traceId}-00f067aa0ba902b7-01");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        folder = new TemporaryFolder();
        collector = new Collector();
        service = await ServiceProcess.StartAsync(
            folder.Path,
            [
                .. await SharedServices.AnyStoreAsync(),
                SharedServices.Patient,
                SharedServices.Open,
                ("Metrics__Token", Token),
                ("Metrics__Http", "true"),
                ("Logging__LogLevel__Microsoft.AspNetCore.Hosting", "Information"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_BSP_SCHEDULE_DELAY", "50"),
                ("OTEL_BLRP_SCHEDULE_DELAY", "50"),
                ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
            ]
        );
        client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("route-of-alice", 3);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await service.DisposeAsync();
        collector.Dispose();
        folder.Dispose();
    }

    [Test]
    [Contract("traceparent is propagated: controller, handler and store are spans of that trace")]
    public async Task Check_WithTraceParent_IsTracedFromTheRequestToTheStore()
    {
        (
            await client.SendAsync(
                HttpMethod.Post,
                "/check",
                """{"user_id":"alice","route_key":"route-of-alice","cost":0}""",
                TraceParent
            )
        ).MustBeOk();

        string[] spans = ["POST /check", "CheckCommand", "acquire permits", "EVALSHA check"];
        await Poll.UntilAsync(
            "The collector does not receive the check.",
            ExportTimeout,
            () => Task.FromResult(!spans.Except(SpansOf(traceId)).Any())
        );
        var received = collector.Received(Traces);
        using (Assert.EnterMultipleScope())
        {
            // The span of the shared store call is the fifth.
            Assert.That(SpansOf(traceId).Count(), Is.GreaterThanOrEqualTo(5));
            Assert.That(collector.Spans.Select(it => it.Service), Is.All.EqualTo("ratelimiter"));
            Assert.That(received, Does.Not.Contain("alice"));
            Assert.That(received, Does.Not.Contain(client.Key));
            Assert.That(received, Does.Not.Contain(client.Id));
        }
    }

    [Test]
    [Contract("The trace id is in the problem, in the log, and in what the collector receives")]
    public async Task AnyProblem_WithTraceParent_HasTheTraceIdOfSpanAndLog()
    {
        var id = Guid.NewGuid().ToString("N");

        var answer = await client.SendAsync(
            HttpMethod.Get,
            $"/nothing/{client.Key}",
            (string?)null,
            ("traceparent", $"00-{id}-00f067aa0ba902b7-01")
        );

        answer.MustBeProblem(404);
        Assert.That(answer["trace_id"].GetString(), Is.EqualTo(id));
        await Poll.UntilAsync(
            "The collector receives no span, or no log record, of the request.",
            ExportTimeout,
            () =>
                Task.FromResult(
                    SpansOf(id).Any()
                        && collector.Lines.Any(it =>
                            it is { Service: "ratelimiter", Severity: "Information" }
                            && it.TraceId == id
                        )
                        && service.Output.Contains($"trace_id={id} ")
                )
        );
        Assert.That(collector.Received(Traces), Does.Not.Contain(client.Key));
    }

    [Test]
    [Contract("The decisions in GET /metrics add up to the checks")]
    public async Task Metrics_AfterChecks_AddUpToThem()
    {
        // No other test here uses this algorithm, which identifies its checks.
        const string algorithm = "leaky_bucket";
        const int asked = 7;
        await CheckAsync("paced", algorithm, asked);

        var metrics = await MetricsAsync(it => Decisions(it, algorithm) >= asked);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Decisions(metrics, algorithm), Is.EqualTo(asked));
            Assert.That(
                metrics.Series.Single(it =>
                    it.Name == "ratelimiter_decisions_total"
                    && it.Labels["algorithm"] == algorithm
                    && it.Labels["outcome"] == "denied"
                ),
                Has.Property("Value").EqualTo(asked - 3)
            );
            Assert.That(metrics.Sum("http_server_request_duration_seconds_count"), Is.Positive);
            Assert.That(metrics.Sum("ratelimiter_decision_duration_seconds_count"), Is.Positive);
        }
    }

    [Test]
    [Contract("A collector receives every metric of the service, with its values")]
    public async Task Collector_AfterChecks_HasTheMetricsAndWhatTheyCounted()
    {
        // No other test here uses this algorithm, which identifies its checks.
        const string algorithm = "token_bucket";
        const int asked = 5;
        await CheckAsync("spent", algorithm, asked);

        await Poll.UntilAsync(
            "The collector does not receive the checks.",
            ExportTimeout,
            () => Task.FromResult(Exported("allowed") + Exported("denied") >= asked)
        );
        var duration = Last(it => it.Metric == "ratelimiter.decision.duration")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((Exported("allowed"), Exported("denied")), Is.EqualTo((3, asked - 3)));
            Assert.That(duration.Unit, Is.EqualTo("s"));
            Assert.That(duration.Value, Is.GreaterThanOrEqualTo(asked));
            Assert.That(Last(it => it.Metric == "ratelimiter.store.circuit.open")!.Value, Is.Zero);
            Assert.That(
                collector.Values.Select(it => it.Metric).Where(IsOwn).Distinct(),
                Is.EquivalentTo(Documented())
            );
            Assert.That(collector.Values.Select(it => it.Metric), Has.Some.StartWith("dotnet."));
            Assert.That(collector.Values.Select(it => it.Service), Is.All.EqualTo("ratelimiter"));
        }

        // Each is the sum since the start.
        ExportedValue? Last(Func<ExportedValue, bool> isIt) => collector.Values.LastOrDefault(isIt);

        double Exported(string outcome) =>
            Last(it =>
                it.Metric == "ratelimiter.decisions"
                && it.Labels["algorithm"] == algorithm
                && it.Labels["outcome"] == outcome
            )?.Value
            ?? 0;
    }

    [Test]
    [Contract("promtool has no findings in GET /metrics, with those of HTTP")]
    public async Task Metrics_WithThoseOfHttp_PromtoolHasNothingToSay()
    {
        await client.CheckAsync("u", "route-of-alice", cost: 0);

        await Promtool.MustAcceptMetricsAsync(
            await Metrics.FreshAsync(
                service,
                it => it.Sum("http_server_request_duration_seconds_count") > 0,
                ("Authorization", $"Bearer {Token}")
            )
        );
    }

    [TestCase(null)]
    [TestCase("Bearer")]
    [TestCase("Bearer a-token-of-the-metric")]
    [TestCase("Bearer A-token-of-the-metrics")]
    [TestCase("Basic a-token-of-the-metrics")]
    [Contract("Metrics__Token: else 401")]
    public async Task Metrics_WithoutItsToken_AreRefused(string? authorization)
    {
        var answer = await new ApiClient(service).SendAsync(
            HttpMethod.Get,
            "/metrics",
            (string?)null,
            authorization is null ? [] : [("Authorization", authorization)]
        );

        answer.MustBeProblem(401);
        Assert.That(answer.Headers["WWW-Authenticate"], Is.EqualTo("Bearer"));
    }

    [Test]
    [Contract("Metrics__Enabled=false; an unavailable collector affects no check and fills no log")]
    public async Task Check_CollectorAwayAndMetricsOff_IsAnsweredAndNothingIsSaid()
    {
        await using var other = await ServiceProcess.StartAsync(
            folder.Path,
            [
                .. await SharedServices.AnyStoreAsync(),
                SharedServices.Patient,
                SharedServices.Open,
                ("Metrics__Enabled", "false"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{RedisServer.FreePort()}"),
                ("OTEL_BSP_SCHEDULE_DELAY", "10"),
            ]
        );
        var here = client.On(other);

        for (var i = 0; i < 20; i++)
        {
            (await here.CheckAsync("u", "route-of-alice", cost: 0)).MustBeOk();
        }

        (await new ApiClient(other).GetAsync("/metrics")).MustBeProblem(404);
        Assert.That(await other.TerminateAsync(), Is.Zero);
        Assert.That(other.OutputLines, Has.All.StartWith("info: RateLimiter.Api["));
    }

    private static bool IsOwn(string metric) =>
        metric.StartsWith("ratelimiter.", StringComparison.Ordinal);

    /// <summary>The OpenTelemetry names in the documentation for the store that these tests use.</summary>
    private static IEnumerable<string> Documented() =>
        File.ReadLines(RepositoryFile.Of("docs/telemetry.md"))
            .Where(line =>
                line.StartsWith("| `ratelimiter_", StringComparison.Ordinal)
                && !line.EndsWith("Only with PostgreSQL |", StringComparison.Ordinal)
                && !(
                    RedisServer.IsAvailable
                    && line.EndsWith("Only with the embedded store |", StringComparison.Ordinal)
                )
            )
            .Select(line => line.Split('`')[3]);

    private IEnumerable<string> SpansOf(string trace) =>
        collector.Spans.Where(it => it.TraceId == trace).Select(it => it.Name);

    /// <summary>Checks under a limit of three.</summary>
    private async Task CheckAsync(string route, string algorithm, int times)
    {
        (
            await client.PostAsync(
                "/policy",
                $$"""{"route_key":"{{route}}","limit":3,"window_seconds":3600,"algorithm":"{{algorithm}}","burst":3}"""
            )
        ).MustBeOk();
        for (var i = 0; i < times; i++)
        {
            (await client.CheckAsync("u", route)).MustBeOk();
        }
    }

    private static double Decisions(Metrics metrics, string algorithm) =>
        metrics.Sum("ratelimiter_decisions_total", "algorithm", algorithm);

    private async Task<Metrics> MetricsAsync(Predicate<Metrics> isSo) =>
        Metrics.Read(await Metrics.FreshAsync(service, isSo, ("Authorization", $"Bearer {Token}")));
}
