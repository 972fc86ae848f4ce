using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Hosting;

/// <summary>How the service starts, what it prints, and how it stops.</summary>
[TestFixture]
public sealed class StartupTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    [Contract(
        "The first lines it prints say the address, the docs page and the store; no banner noise"
    )]
    public async Task Start_EmbeddedStore_PrintsFourLinesAndNothingElse()
    {
        await using var service = await ServiceProcess.StartAsync(folder.Path);

        await Poll.UntilAsync(
            "It does not print three lines.",
            TimeSpan.FromSeconds(10),
            () => Task.FromResult(service.OutputLines.Count >= 4)
        );
        var address = service.Address.GetLeftPart(UriPartial.Authority);
        Assert.That(
            service.OutputLines[0],
            Does.Match(
                @$"^info: RateLimiter\.Api\[1\] RateLimiter \d+\.\d+\.\d+(-\S+)? listens on {address}$"
            )
        );
        // On a busy machine it may log that it gets too little processor time.
        var rest = service
            .OutputLines.Skip(1)
            .Where(line => !line.Contains("StoreClock[19]"))
            .ToList();
        Assert.That(
            rest.Take(2),
            Is.EqualTo([
                $"info: RateLimiter.Api[2] Documentation: {address}/docs",
                $"info: RateLimiter.Api[3] Store: embedded (Garnet), data in {folder.Path}/data",
            ])
        );
        Assert.That(rest, Has.Count.EqualTo(3));
        Assert.That(
            rest[2],
            Does.Match(@"^info: RateLimiter\.Api\[5\] Time zones: IANA database \d{4}[a-z]$")
        );
    }

    [TestCase("127.0.0.1")]
    [TestCase("localhost")]
    [Contract("REDIS_HOST, REDIS_PORT; the first lines say which store it uses")]
    public async Task Start_RedisNamed_PrintsItsAddress(string host)
    {
        var port = RedisServer.FreePort();
        await using var service = await Service.StartAsync(
            folder.Path,
            ("REDIS_HOST", host),
            ("REDIS_PORT", $"{port}")
        );

        await MustSayStoreAsync(service, $"Redis at {host}:{port}");
    }

    [Test]
    [Contract("Redis__ConnectionString wins over REDIS_HOST, and its password is not printed")]
    public async Task Start_ConnectionStringAndHost_UsesTheConnectionString()
    {
        var port = RedisServer.FreePort();
        await using var service = await Service.StartAsync(
            folder.Path,
            ("REDIS_HOST", "192.0.2.1"),
            ("Redis__ConnectionString", $"127.0.0.1:{port},password=hunter2")
        );

        await MustSayStoreAsync(service, $"Redis at 127.0.0.1:{port}");
        Assert.That(service.Output, Does.Not.Contain("hunter2"));
    }

    [Test]
    [Contract("A .env file in the working directory")]
    public async Task Start_DotEnvFile_IsRead()
    {
        var port = RedisServer.FreePort();
        await WriteDotEnvAsync($"REDIS_HOST=127.0.0.1\nREDIS_PORT={port}\n");

        await using var service = await ServiceProcess.StartAsync(folder.Path);

        await MustSayStoreAsync(service, $"Redis at 127.0.0.1:{port}");
    }

    [Test]
    [Contract("An environment variable wins over .env")]
    public async Task Start_DotEnvFileAndVariable_TheVariableWins()
    {
        var port = RedisServer.FreePort();
        await WriteDotEnvAsync("REDIS_HOST=127.0.0.1\nREDIS_PORT=1\n");

        await using var service = await ServiceProcess.StartAsync(
            folder.Path,
            ("REDIS_PORT", $"{port}")
        );

        await MustSayStoreAsync(service, $"Redis at 127.0.0.1:{port}");
    }

    [Test]
    [Contract("Everything else is ordinary .NET configuration, in .env too")]
    public async Task Start_WrongValueInDotEnvFile_IsRefused()
    {
        await WriteDotEnvAsync("Registration__PermitLimit=-1\n");

        var refusal = await ServiceProcess.StartInVainAsync(folder.Path);

        Assert.That(refusal.ExitCode, Is.EqualTo(1));
        Assert.That(refusal.Lines, Has.Count.EqualTo(1));
        MustName(refusal.Lines[0], "Registration:PermitLimit");
    }

    [TestCase("Registration__PermitLimit", "-1")]
    [TestCase("Registration__PermitLimit", "1000000001")]
    [TestCase("Registration__PermitLimit", "abc")]
    [TestCase("Registration__WindowSeconds", "0")]
    [TestCase("Registration__WindowSeconds", "31536001")]
    [TestCase("Registration__WindowSeconds", "1.5")]
    [TestCase("Store__TimeoutMs", "0")]
    [TestCase("Store__TimeoutMs", "10001")]
    [TestCase("Store__TimeoutMs", "abc")]
    [TestCase("REDIS_HOST", "redis://127.0.0.1:1")]
    [TestCase("Redis__ConnectionString", "no such option=1")]
    [TestCase("Redis__ConnectionString", ",")]
    [TestCase("Redis__ConnectionString", "127.0.0.1:99999")]
    [TestCase("Redis__ConnectionString", "redis://127.0.0.1:1:1")]
    [TestCase("Redis__ConnectionString", "127.0.0.1:1,password=abc,Tail99")]
    [TestCase("Redis__SentinelTls", "maybe")]
    [TestCase("Registration__Mode", "shut")]
    [TestCase("Registration__Mode", "3")]
    [TestCase("Server__MaxConnections", "0")]
    [TestCase("Server__MaxConnections", "1000001")]
    [TestCase("Server__HeadersTimeoutSeconds", "0")]
    [TestCase("Server__HeadersTimeoutSeconds", "601")]
    [TestCase("Server__KeepAliveSeconds", "0")]
    [TestCase("Server__KeepAliveSeconds", "3601")]
    [TestCase("Server__MaxHeaderBytes", "1023")]
    [TestCase("Server__MaxHeaderBytes", "1048577")]
    [TestCase("Server__MaxHeaders", "15")]
    [TestCase("Server__MaxHeaders", "1001")]
    [TestCase("Server__MinBytesPerSecond", "0")]
    [TestCase("Server__MinBytesPerSecond", "1000001")]
    [TestCase("Server__SlowSeconds", "1")]
    [TestCase("Server__SlowSeconds", "601")]
    [TestCase("Server__SlowSeconds", "abc")]
    [TestCase("Streams__MaxPerClient", "-1")]
    [TestCase("Streams__MaxPerClient", "100001")]
    [TestCase("Streams__MaxPerInstance", "-1")]
    [TestCase("Streams__MaxPerInstance", "100001")]
    [TestCase("Streams__EventsPerSecond", "0")]
    [TestCase("Streams__EventsPerSecond", "1000001")]
    [TestCase("Streams__EventsPerSecondPerInstance", "0")]
    [TestCase("Streams__EventsPerSecondPerInstance", "100000001")]
    [TestCase("Quotas__AdministrativeCallsPerSecond", "-1")]
    [TestCase("Quotas__AdministrativeCallsPerSecond", "1000000001")]
    [TestCase("Quotas__OpenReservations", "0")]
    [TestCase("Quotas__AdministrativeBurst", "0")]
    [TestCase("Quotas__AdministrativeBurst", "1000000001")]
    [TestCase("Embedded__MaxBytes", "67108863")]
    [TestCase("Embedded__MaxBytes", "1099511627777")]
    [TestCase("Metrics__Token", "hunter2")]
    [TestCase("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")]
    [TestCase("Proxies__Trusted", "foo")]
    [TestCase("Cors__Origins", "app.example.org")]
    [TestCase("Cors__Origins", "https://app.example.org/")]
    [TestCase("Cors__Origins", "https://app.example.org, *")]
    [TestCase("Server__H2cPort", "8001")]
    [TestCase("Server__H2cPort", "-1")]
    [TestCase("Proxies__Trusted", "127.0.0.1,10.0.0.0/33")]
    [Contract("A wrong value stops the start with one line that names the option")]
    public async Task Start_WrongValue_EndsWithOneLineThatNamesTheOption(
        string option,
        string value
    )
    {
        var refusal = await Service.StartInVainAsync(folder.Path, (option, value));

        MustName(refusal, option.Replace("__", ":", StringComparison.Ordinal));
    }

    [TestCase("abc")]
    [TestCase("0")]
    [TestCase("65536")]
    [TestCase("tcp://10.0.0.1")]
    [TestCase("udp://10.0.0.1:6379")]
    [Contract("A wrong value stops the start with one line that names the option")]
    public async Task Start_WrongPortOfTheHost_EndsWithOneLineThatNamesTheOption(string port)
    {
        var refusal = await Service.StartInVainAsync(
            folder.Path,
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", port)
        );

        MustName(refusal, "REDIS_PORT");
    }

    // Kubernetes sets it beside a Service named redis, whichever store is used.
    [Test]
    public async Task Start_PortOfAServiceWithoutAHost_UsesTheEmbeddedStore()
    {
        await using var service = await Service.StartAsync(
            folder.Path,
            ("REDIS_PORT", "tcp://10.0.0.1:6379")
        );

        await MustSayStoreAsync(service, $"embedded (Garnet), data in {folder.Path}/data");
    }

    [Test]
    public async Task Start_PortOfAServiceWithAHost_IsThePortOfTheHost()
    {
        var port = RedisServer.FreePort();
        await using var service = await Service.StartAsync(
            folder.Path,
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", $"tcp://10.0.0.1:{port}")
        );

        await MustSayStoreAsync(service, $"Redis at 127.0.0.1:{port}");
    }

    [Test]
    public async Task Start_WrongValuesOfWhatIsNotUsed_AreNotJudged()
    {
        var port = RedisServer.FreePort();
        await using var service = await Service.StartAsync(
            folder.Path,
            ("Redis__ConnectionString", $"127.0.0.1:{port}"),
            ("REDIS_HOST", "redis://127.0.0.1"),
            ("REDIS_PORT", "abc"),
            ("Embedded__DataDirectory", ""),
            ("Postgres__TimeoutMs", "abc"),
            ("Audit__RetentionDays", "-1"),
            ("Registration__Mode", "closed"),
            ("Registration__PermitLimit", "-1"),
            ("Registration__WindowSeconds", "0"),
            ("Metrics__Enabled", "false"),
            ("Metrics__Token", "short"),
            ("OTEL_SDK_DISABLED", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")
        );

        await MustSayStoreAsync(service, $"Redis at 127.0.0.1:{port}");
    }

    [TestCase("$PUBLISH=", "$PUBLISH=")]
    [TestCase("$subscribe=", "$SUBSCRIBE=")]
    [TestCase("$EVALSHA=", "$EVALSHA=")]
    [TestCase("proxy=Twemproxy", "proxy=Twemproxy")]
    [TestCase("proxy=Envoyproxy", "proxy=Envoyproxy")]
    [TestCase("serviceName=", "serviceName")]
    [TestCase("defaultDatabase=2,$SELECT=", "$SELECT=")]
    [Contract("A wrong value stops the start with one line; a password is not repeated")]
    public async Task Start_ConnectionThatCannotWork_EndsWithOneLineThatNamesWhatCannot(
        string option,
        string named
    )
    {
        var refusal = await Service.StartInVainAsync(
            folder.Path,
            ("Redis__ConnectionString", $"127.0.0.1:1,password=hunter2,{option}")
        );

        MustName(refusal, $"Redis:ConnectionString has {named}");
        Assert.That(refusal, Does.Not.Contain("hunter2"));
    }

    [TestCase("")]
    [TestCase("a-file")]
    [TestCase("a-file/below")]
    [TestCase("/proc/no-such-folder")]
    [Contract("A wrong value stops the start with one line that names the option")]
    public async Task Start_FolderThatCannotBeUsed_EndsWithOneLineThatNamesTheOption(string path)
    {
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "a-file"), "");

        var refusal = await Service.StartInVainAsync(
            folder.Path,
            ("Embedded__DataDirectory", path is "" ? path : Path.Combine(folder.Path, path))
        );

        MustName(refusal, "Embedded:DataDirectory");
    }

    [Test]
    [Contract("A wrong value stops the start with one line; a password is not repeated")]
    public async Task Start_WrongConnectionString_DoesNotRepeatIt()
    {
        var refusal = await Service.StartInVainAsync(
            folder.Path,
            ("Redis__ConnectionString", "127.0.0.1:1,password=hunter2,no such option=1")
        );

        MustName(refusal, "Redis:ConnectionString");
        Assert.That(refusal, Does.Not.Contain("hunter2"));
    }

    [TestCase(null)]
    [TestCase("10.0.0.0/8")]
    [Contract("X-Forwarded-For counts only from proxies named in configuration")]
    public async Task Register_ForwardedByWhoIsNotTrusted_CountsForTheConnection(string? trusted)
    {
        await using var service = await Service.StartAsync(
            folder.Path,
            SharedServices.Patient,
            ("Proxies__Trusted", trusted ?? "")
        );
        var visitor = new ApiClient(service);

        // On a busy machine the first requests may be answered with 503, with or without having consumed a permit.
        var answers = new List<Answer>();
        for (var i = 0; i < 12; i++)
        {
            answers.Add(await visitor.RegisterAsync("x", $"10.0.0.{i}"));
        }

        Assert.That(answers.Count(answer => answer.Status == 200), Is.InRange(1, 5));
        answers[^1].MustBeProblem(429);
    }

    [TestCase("token", "")]
    [TestCase("token", "hunter2")]
    [TestCase("closed", "hunter2")]
    [TestCase("open", "hunter2-hunter2-hunter2")]
    [Contract(
        "A wrong value stops the start with one line; the registration token is not repeated"
    )]
    public async Task Start_RegistrationModeAndTokenThatDoNotFit_NamesTheTokenAndDoesNotRepeatIt(
        string mode,
        string token
    )
    {
        var refusal = await Service.StartInVainAsync(
            folder.Path,
            ("Registration__Mode", mode),
            ("Registration__Token", token)
        );

        MustName(refusal, "Registration:Token");
        Assert.That(refusal, Does.Not.Contain("hunter2"));
    }

    [Test]
    [Contract("A wrong value stops the start with one line, also one of Kestrel's own options")]
    public async Task Start_KestrelEndpointWithoutUrl_EndsWithOneLine()
    {
        var refusal = await Service.StartInVainAsync(
            folder.Path,
            ("Kestrel__Endpoints__Tls__Protocols", "Http1")
        );

        MustName(refusal, "Url");
    }

    private static void MustName(string refusal, string option)
    {
        Assert.That(refusal, Does.Not.Contain('\n'));
        Assert.That(refusal, Does.Contain(option));
    }

    private static async Task MustSayStoreAsync(Service service, string store)
    {
        await Poll.UntilAsync(
            "It does not log which store it uses.",
            TimeSpan.FromSeconds(10),
            () => Task.FromResult(service.Output.Contains("Store: ", StringComparison.Ordinal))
        );
        Assert.That(
            service.OutputLines,
            Has.One.EqualTo($"info: RateLimiter.Api[3] Store: {store}")
        );
    }

    private Task WriteDotEnvAsync(string text) =>
        File.WriteAllTextAsync(Path.Combine(folder.Path, ".env"), text);
}

/// <summary>How the service stops after a signal.</summary>
[TestFixture]
public sealed class ShutdownTests
{
    [Test]
    public async Task Interrupt_InTheMiddleOfUse_IsUnreadyFirstFailsNobodyAndLosesNothing()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var service = await host.ServeAloneAsync(
            SharedServices.Patient,
            SharedServices.Open,
            ("Shutdown__DelayMs", "2000")
        );
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 1_000_000);
        (await client.GetAsync("/health/ready")).MustBeOk();

        var exit = service.InterruptAsync();
        await Poll.UntilAsync(
            "It is still ready.",
            TimeSpan.FromSeconds(1),
            async () => (await client.GetAsync("/health/ready")).Status == 503
        );
        // Callers that have not noticed yet are still served. Later, connections are refused.
        var answered = 0;
        var unready = Stopwatch.StartNew();
        while (unready.Elapsed < TimeSpan.FromSeconds(1))
        {
            (await client.CheckAsync("u", "r")).MustBeOk();
            answered++;
        }

        Assert.That(await exit, Is.Zero);
        Assert.That(answered, Is.Positive);
        var again = await client.OnceOnAsync(
            await host.ServeAsync(SharedServices.Patient, SharedServices.Open)
        );
        var log = await again.LogsAsync();
        Assert.That(1_000_000 - await again.RemainingAsync("u", "r"), Is.EqualTo(answered));
        Assert.That(log, Has.Count.EqualTo(Math.Min(answered, 1000)));
        Assert.That(log[0].GetProperty("remaining").GetInt64(), Is.EqualTo(1_000_000 - answered));
    }

    [Test]
    [Contract("Ctrl-C ends it cleanly within 5 s; the log is flushed at shutdown")]
    public async Task Terminate_InTheMiddleOfChecks_EndsCleanlyWithTheLogWritten()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 1000);
        await client.OnceOnAsync(service);
        var answered = new ConcurrentQueue<string>();

        var callers = Enumerable.Range(0, 4).Select(CheckUntilItEndsAsync).ToList();
        await Poll.UntilAsync(
            "Nothing is checked.",
            TimeSpan.FromSeconds(30),
            () => Task.FromResult(answered.Count > 300)
        );
        var clock = Stopwatch.StartNew();
        var exitCode = await service.TerminateAsync();
        var elapsed = clock.Elapsed;
        await Task.WhenAll(callers);

        Assert.That(elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
        Assert.That(exitCode, Is.Zero);
        var again = await client.OnceOnAsync(
            await host.ServeAsync(SharedServices.Patient, SharedServices.Open)
        );
        // The log keeps 1000 decisions, which may be fewer than were made until the stop.
        Assert.That(
            (await again.LogsAsync()).Select(entry => $"{entry.GetProperty("user_id")}"),
            Is.SupersetOf(answered.TakeLast(300))
        );

        async Task CheckUntilItEndsAsync(int caller)
        {
            try
            {
                for (var i = 0; ; i++)
                {
                    var user = $"u{caller}-{i}";
                    (await client.CheckAsync(user, "r")).MustBeOk();
                    answered.Enqueue(user);
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                // The service has stopped.
            }
        }
    }

    [Test]
    [Contract("API keys are never logged; no banner noise of the embedded store")]
    public async Task Terminate_AfterAllKindsOfRequests_HasPrintedNoKeyAndNoStackTrace()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var service = await host.ServeAloneAsync(
            SharedServices.Patient,
            SharedServices.Open,
            ("Logging__LogLevel__Default", "Trace"),
            ("Logging__LogLevel__Microsoft", "Trace")
        );
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 1);
        await client.CheckAsync("u", "r");
        await client.CheckAsync("", "r");
        await client.LogsAsync();
        await client.SendAsync(HttpMethod.Delete, "/nothing");
        await new ApiClient(service).SendAsync(
            HttpMethod.Get,
            "/policy",
            null as string,
            ("X-API-Key", client.Key + "x")
        );

        await service.TerminateAsync();

        Assert.That(service.Output, Does.Contain("/check"), "Nothing is logged.");
        Assert.That(service.Output, Does.Not.Contain(client.Key.Split('_')[^1]));
        Assert.That(service.Output, Does.Not.Contain("   at "));
        Assert.That(service.Output, Does.Not.Contain("Garnet 2").And.Not.Contain("_______"));
    }
}

/// <summary>
/// How the service stops while decisions wait to be logged. On a real Redis only, which is paused to make them wait.
/// </summary>
[TestFixture]
public sealed class ShutdownWithWaitingLogTests
{
    [Test]
    [Contract("The log is flushed at shutdown")]
    public async Task Terminate_WhileDecisionsWait_WritesThemBeforeItEnds()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        // Checks of an inactive policy need no store, but are logged.
        await client.HasPolicyAsync("r", 1, isActive: false);
        await client.CheckAsync("u", "r");
        await client.LogsAsync();

        await host.Redis.PauseAsync();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.CheckAsync($"u{i}", "r")));
        var ended = service.TerminateAsync();
        await Poll.UntilAsync("It does not stop listening.", TimeSpan.FromSeconds(4), RefusesAsync);
        await host.Redis.ResumeAsync();

        Assert.That(await ended, Is.Zero);
        var again = await client.OnceOnAsync(
            await host.ServeAsync(SharedServices.Patient, SharedServices.Open)
        );
        Assert.That(
            (await again.LogsAsync()).Select(entry => $"{entry.GetProperty("user_id")}"),
            Is.SupersetOf(Enumerable.Range(0, 100).Select(i => $"u{i}"))
        );

        async Task<bool> RefusesAsync()
        {
            using var connection = new TcpClient();
            try
            {
                await connection.ConnectAsync(service.Address.Host, service.Address.Port);
                return false;
            }
            catch (SocketException)
            {
                return true;
            }
        }
    }
}
