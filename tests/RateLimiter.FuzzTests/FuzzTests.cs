using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RateLimiter.FuzzTests;

/// <summary>
/// The fuzzer: requests that are invalid in several ways at once, at every operation of the OpenAPI document, for
/// RATELIMITER_FUZZ_SECONDS. RATELIMITER_FUZZ_SEED reproduces a run; without it each run is different.
/// </summary>
[TestFixture(Store.Embedded)]
[TestFixture(Store.Redis)]
public sealed partial class FuzzTests(Store store)
{
    private const int Callers = 4;
    private const long MaxMemoryKb = 900 * 1024;

    private static readonly TimeSpan Duration =
        TimeSpan.FromSeconds(Setting("RATELIMITER_FUZZ_SECONDS") ?? 20) / 2;

    /// <summary>The maximum latency, on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait for a service that may wait for more bytes itself.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private static readonly FuzzOperation[] Pages =
    [
        new("GET", "/docs", [], null),
        new("GET", "/docs/index.html", [], null),
        new("GET", "/openapi.json", [], null),
        new("GET", "/health/live", [], null),
        new("GET", "/health/ready", [], null),
        new("GET", "/metrics", [], null),
        new("GET", "/dashboard", [], null),
    ];

    /// <summary>Statuses that show that requests reached the service, and not only the web server in front of it.</summary>
    private static readonly string[] OfTheService =
    [
        "200",
        "400",
        "401",
        "404",
        "405",
        "413",
        "415",
    ];

    private const string StoreOutage = "The store does not answer, and is not asked";

    private readonly HttpClient http = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
        }
    )
    {
        Timeout = Patience,
    };

    private readonly ConcurrentDictionary<string, int> answers = new();

    [TearDown]
    public void DisposeClient() => http.Dispose();

    [Test]
    [Contract("Never a 500, a stack trace or a CLR type name; errors are problems")]
    public async Task AnyOperation_InvalidRequests_AffectNoOtherClient()
    {
        var seed = Setting("RATELIMITER_FUZZ_SEED") ?? Random.Shared.Next();
        await using var host = await StoreHost.StartAsync(store);
        var service = await host.ServeAloneAsync(
            SharedServices.Patient,
            SharedServices.Open,
            SharedServices.Unmetered
        );
        var bystander = await BystanderAsync(service);
        var document = (await bystander.GetAsync("/openapi.json")).MustBeOk().Body;
        FuzzOperation[] operations = [.. FuzzOperation.ReadAll(document), .. Pages];

        var clock = Stopwatch.StartNew();
        var callers = Enumerable
            .Range(0, Callers)
            .Select(caller => CallAsync(service, operations, seed, caller, clock));
        await Task.WhenAll(callers);

        await MustBeUnharmedAsync(bystander);
        MustHaveLoggedNothing(service);
        var memory = MemoryKb(service);
        var summary = answers.OrderBy(answer => answer.Key).Select(answer => $"{answer}");
        await TestContext.Out.WriteLineAsync(
            $"Seed {seed}, {answers.Values.Sum()} requests, {memory} KB at the end: {string.Join(' ', summary)}"
        );
        Assert.That(memory, Is.LessThan(MaxMemoryKb), "The service uses too much memory.");
        Assert.That(answers.Keys, Is.SupersetOf(OfTheService));
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? int.Parse(value, CultureInfo.InvariantCulture)
            : null;

    /// <summary>A client with a policy and three checks.</summary>
    private static async Task<TestClient> BystanderAsync(Service service)
    {
        var bystander = await TestClient.RegisterAsync(service);
        await bystander.HasPolicyAsync("kept", limit: 100, windowSeconds: 86_400);
        for (var i = 0; i < 3; i++)
        {
            (await bystander.CheckAsync("u", "kept")).MustBeOk();
        }

        return bystander;
    }

    private static async Task MustBeUnharmedAsync(TestClient bystander)
    {
        var logs = await bystander.LogsAsync();
        Assert.That(
            logs.Select(entry => entry.GetProperty("user_id").GetString()),
            Is.All.EqualTo("u")
        );
        Assert.That(logs, Has.Count.EqualTo(3));
        Assert.That(await bystander.RemainingAsync("u", "kept"), Is.EqualTo(97));
        var policies = await bystander.PoliciesAsync();
        Assert.That(policies, Has.Count.EqualTo(1));
        Assert.That(policies[0].GetProperty("version").GetInt32(), Is.EqualTo(1));
        Assert.That((await bystander.GetAsync("/health/ready")).Status, Is.EqualTo(200));
    }

    private static void MustHaveLoggedNothing(Service service)
    {
        var odd = service.OutputLines.Where(line => !ExpectedLine.IsMatch(line)).Take(20);

        Assert.That(odd, Is.Empty, "The service has logged unexpected lines.");
    }

    private static long MemoryKb(ServiceProcess service) =>
        long.Parse(
            File.ReadLines($"/proc/{service.ProcessId}/status")
                .Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
            CultureInfo.InvariantCulture
        );

    private async Task CallAsync(
        Service service,
        FuzzOperation[] operations,
        int seed,
        int caller,
        Stopwatch clock
    )
    {
        // Each caller has its own sequence, independent of the others.
        var random = new Random(seed + caller);
        var requests = new FuzzRequests(random, operations);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("search", limit: 1000);
        for (var number = 0; IsGoingOn(clock); number++)
        {
            var request = requests.Next(client.Key);
            var isBare = random.Next(3) > 0;
            var story = $"seed {seed}, {store}, caller {caller}, request {number}:\n{request}";
            var answer = await AskAsync(service, request, isBare, story);
            answers.AddOrUpdate($"{answer?.Status ?? 0}", 1, (_, count) => count + 1);
            // The machine is too busy for the store, which the service has logged.
            var isOutage = answer?.Status == 503 && service.Output.Contains(StoreOutage);
            if (answer is not null && !isOutage)
            {
                MustBeHarmless(request, answer, story);
            }

            // The caller may have revoked its own key, and then needs a new client.
            if (number % 200 == 0 || (await client.GetAsync("/policy")).Status == 401)
            {
                client = await TestClient.RegisterAsync(service);
                await client.HasPolicyAsync("search", limit: 1000);
            }
        }
    }

    /// <summary>On a busy machine it takes longer until every kind of request has been sent.</summary>
    private bool IsGoingOn(Stopwatch clock) =>
        clock.Elapsed < Duration
        || (clock.Elapsed < 5 * Duration && !OfTheService.All(answers.ContainsKey));

    private async Task<RawResponse?> AskAsync(
        Service service,
        FuzzRequest request,
        bool isBare,
        string story
    )
    {
        using var late = new CancellationTokenSource(Patience);
        try
        {
            using var message = isBare ? null : request.ToMessage(service.Address);
            if (message is null)
            {
                return await RawResponse.AskAsync(
                    service.Address,
                    request.ToBytes(),
                    Pause,
                    late.Token
                );
            }

            using var response = await http.SendAsync(
                message,
                HttpCompletionOption.ResponseHeadersRead,
                late.Token
            );
            return await RawResponse.ReadAsync(response, late.Token);
        }
        catch (HttpRequestException)
        {
            // The client refused to send it, or the server closed the connection.
            return null;
        }
        catch (OperationCanceledException)
        {
            throw new AssertionException($"No answer within {Patience} to {story}");
        }
        catch (Exception exception)
        {
            throw new AssertionException($"{exception}\n\nin {story}");
        }
    }

    private static void MustBeHarmless(FuzzRequest request, RawResponse answer, string story)
    {
        string? failure;
        try
        {
            failure = FindError(request, answer);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            failure = $"{exception}";
        }

        if (failure is not null)
        {
            Assert.Fail($"{failure}\n\n{answer}\n\nanswers {story}");
        }
    }

    private static string? FindError(FuzzRequest request, RawResponse answer)
    {
        // An unsupported HTTP version is the only thing that the web server may answer in this way.
        if (answer.Status >= 500 && !(answer.Status == 505 && answer.IsOfTheServerItself))
        {
            return "It failed.";
        }

        var isPage = answer.Status < 300 && answer.ContentType?.Contains("json") != true;
        if (!isPage && Innards.Match($"{answer}") is { Success: true } found)
        {
            return $"It discloses internals: {found.Value}.";
        }

        if (answer.Status < 400 || answer.IsOfTheServerItself)
        {
            return null;
        }

        // Corruption of the raw bytes does not apply to requests of an HTTP client.
        var isHead = request.Method == "HEAD" || request.ToBytes().AsSpan().StartsWith("HEAD "u8);
        return isHead || IsProblem(answer) ? null : "It is not a problem of RFC 9457.";
    }

    private static bool IsProblem(RawResponse answer)
    {
        if (answer.ContentType?.Split(';')[0] != "application/problem+json")
        {
            return false;
        }

        using var body = JsonDocument.Parse(answer.Body);
        var problem = body.RootElement;
        return Text("type").Length > 0
            && Text("title").Length > 0
            && Text("detail").Length > 0
            && problem.GetProperty("status").GetInt32() == answer.Status
            && TraceId.IsMatch(Text("trace_id"))
            && (
                !problem.TryGetProperty("errors", out var errors)
                || errors.EnumerateObject().All(error => error.Value.GetArrayLength() > 0)
            );

        string Text(string name) =>
            problem.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
    }

    // CLR type names (but for the folder of a page's files), patterns of stack traces, and file paths.
    [GeneratedRegex(
        @"(?<!_content/|_content/RateLimiter\.Dashboard/)(System|Microsoft|RateLimiter|StackExchange|FluentValidation|MediatR|AutoMapper|Garnet|NSwag)\.\w"
            + @"|Exception\b|\bInt(32|64)\b|\.cs:line|\bat \w+\.\w+|user_script|ERR |WRONGTYPE"
            + @"|(/(home|root|usr|var|tmp|work|app|source)/)|[A-Z]:\\\\"
    )]
    private static partial Regex Innards { get; }

    [GeneratedRegex("^(?!0{32})[0-9a-f]{32}$")]
    private static partial Regex TraceId { get; }

    // The startup messages, a deleted client, a slow store on a busy machine, and the web server's message when it closes a
    // connection whose body it is still reading.
    [GeneratedRegex(
        @"^info: RateLimiter\.Api\[[1235]\] [\x20-\x7E]+$"
            + @"|^info: RateLimiter\.Application\.Clients\.ClientDeletions\[31\] (trace_id=[0-9a-f]{32} )?Client \w{16} was deleted, [\w ,]+$"
            + @"|^(warn|info): RateLimiter\.Infrastructure\.Redis\.Connection\.RedisConnection\[1[12]\] (trace_id=[0-9a-f]{32} )?The store [\x20-\x7E]+$"
            + @"|^warn: RateLimiter\.Infrastructure\.Clocks\.StoreClock\[19\] (trace_id=[0-9a-f]{32} )?This process was not scheduled [\x20-\x7E]+$"
            + @"|^warn: Microsoft\.AspNetCore\.Server\.Kestrel\[0\] (trace_id=[0-9a-f]{32} )?Connection processing ended abnormally\. "
            + @"System\.InvalidOperationException: Reading is already in progress\. "
    )]
    private static partial Regex ExpectedLine { get; }
}
