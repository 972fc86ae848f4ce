using RateLimiter.TestStores;

namespace RateLimiter.ApiTests.Registration;

/// <summary>Registration:Mode: open, token and closed.</summary>
[TestFixture]
public sealed class RegistrationModeTests
{
    private const string Token = "correct-horse-battery";

    private StoreHost host = null!;

    [SetUp]
    public async Task StartStoreAsync() => host = await StoreHost.StartAsync();

    [TearDown]
    public async Task StopStoreAsync() => await host.DisposeAsync();

    [Test]
    [Contract("Registration__Mode=token: POST /register requires X-Registration-Token")]
    public async Task Register_ModeToken_WantsTheToken()
    {
        var visitor = new ApiClient(await ServeAsync("Token", SharedServices.Open));
        // Once it answers, so does its store.
        await Poll.UntilAsync(
            "The store does not answer.",
            TimeSpan.FromSeconds(30),
            async () => (await RegisterAsync(visitor, null)).Status != 503
        );

        var missing = await RegisterAsync(visitor, null);
        var wrong = await RegisterAsync(visitor, Token + "x");
        var right = await RegisterAsync(visitor, Token);

        MustBeRefused(missing, "missing");
        MustBeRefused(wrong, "does not hold");
        right.MustBeOk();
    }

    [Test]
    [Contract("Registration__Mode=token: guessing is rate limited like registering")]
    public async Task Register_WrongTokens_CountAgainstTheLimit()
    {
        var visitor = new ApiClient(await ServeAsync("token", SharedServices.BehindProxy));
        await Poll.UntilAsync(
            "The store does not answer.",
            TimeSpan.FromSeconds(30),
            async () => (await RegisterAsync(visitor, null, "10.0.0.1")).Status != 503
        );

        for (var i = 0; i < 5; i++)
        {
            MustBeRefused(await RegisterAsync(visitor, $"guess-number-{i:D10}", "10.0.0.2"), "not");
        }

        (await RegisterAsync(visitor, "guess-number-0000000005", "10.0.0.2")).MustBeProblem(429);
        (await RegisterAsync(visitor, Token, "10.0.0.2")).MustBeProblem(429);
        (await RegisterAsync(visitor, Token, "10.0.0.3")).MustBeOk();
    }

    [Test]
    [Contract("The registration token is never logged")]
    public async Task Register_ModeTokenAndAllIsLogged_PrintsNoToken()
    {
        var service = await ServeAsync(
            "token",
            SharedServices.Open,
            ("Logging__LogLevel__Default", "Trace"),
            ("Logging__LogLevel__Microsoft", "Trace")
        );
        var visitor = new ApiClient(service);

        await RegisterAsync(visitor, Token);
        await RegisterAsync(visitor, $"{Token}-but-wrong");
        await service.DisposeAsync();

        Assert.That(service.Output, Does.Contain("/register"), "Nothing is logged.");
        Assert.That(service.Output, Does.Not.Contain(Token));
    }

    [Test]
    [Contract("Registration__Mode=closed: registration is rejected, and existing keys stay valid")]
    public async Task Register_ModeClosed_IsRefusedAndOldKeysWork()
    {
        var open = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(open);
        await open.DisposeAsync();
        client = await client.OnceOnAsync(await ServeAsync("closed"));

        for (var i = 0; i < 6; i++)
        {
            var answer = await RegisterAsync(client, Token);
            answer.MustBeProblem(403);
            Assert.That(answer["detail"].GetString(), Is.EqualTo("Registration is closed."));
        }

        (await client.GetAsync("/policy")).MustBe("[]");
    }

    private Task<Service> ServeAsync(string mode, params (string Name, string Value)[] settings) =>
        host.ServeAsync([
            SharedServices.Patient,
            ("Registration__Mode", mode),
            ("Registration__Token", Token),
            .. settings,
        ]);

    private static Task<Answer> RegisterAsync(
        ApiClient visitor,
        string? token,
        string? forwardedFor = null
    ) => visitor.RegisterAsync("x", forwardedFor, token);

    private static void MustBeRefused(Answer answer, string detail)
    {
        answer.MustBeProblem(401);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Headers["WWW-Authenticate"], Is.EqualTo("RegistrationToken"));
            Assert.That(answer["detail"].GetString(), Does.Contain(detail));
            Assert.That(answer.Text, Does.Not.Contain("horse").And.Not.Contain("guess"));
        }
    }
}

/// <summary>A closed registration does not use the store.</summary>
[TestFixture]
public sealed class ClosedRegistrationTests
{
    [Test]
    [Contract("Registration__Mode=closed does not touch the store")]
    public async Task Register_ModeClosedAndNoStore_IsRefusedAllTheSame()
    {
        using var folder = new TemporaryFolder();
        await using var service = await Service.StartAsync(
            folder.Path,
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", $"{RedisServer.FreePort()}"),
            ("Registration__Mode", "closed")
        );

        (await new ApiClient(service).RegisterAsync("x")).MustBeProblem(403);
    }
}
