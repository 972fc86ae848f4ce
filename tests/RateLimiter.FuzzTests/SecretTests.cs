using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RateLimiter.TestStores;
using StackExchange.Redis;

namespace RateLimiter.FuzzTests;

/// <summary>
/// A secret appears nowhere but in the one response that issues it: after a run that uses every operation correctly and
/// incorrectly, everything that it leaves behind is searched.
/// </summary>
[TestFixture(Store.Embedded, "Trace")]
[TestFixture(Store.Redis, "Trace")]
[TestFixture(Store.Redis, "Information")]
public sealed partial class SecretTests(Store store, string level)
{
    private const int KeyPrefixLength = 20;

    private static readonly string[] KeyMakers =
    [
        "POST /register",
        "POST /keys",
        "POST /keys/rotate",
    ];

    private readonly string password = $"P+{Guid.NewGuid():N}/%&";
    private readonly string token = $"T+{Guid.NewGuid():N}/%&";
    private readonly List<string> secrets = [];

    /// <summary>Keys that callers put in wrong places, and which the framework may log.</summary>
    private readonly List<string> strays = [];

    private readonly StringBuilder answers = new();

    [Test]
    [Contract("Never a secret in logs, responses, the store or the process's arguments")]
    public async Task AnyOperation_AtAnyLogLevel_LeavesNoSecretBehind()
    {
        secrets.AddRange([password, token]);
        await using var redis = store == Store.Redis ? await ProtectedRedisAsync() : null;
        await using var host = redis is null
            ? await StoreHost.StartAsync(store)
            : StoreHost.Of($"{redis.ConnectionString},password={password}");
        var service = await host.ServeAloneAsync(
            SharedServices.Open,
            SharedServices.Patient,
            ("Logging__LogLevel__Default", level),
            ("Logging__LogLevel__Microsoft", level == "Trace" ? level : "Warning"),
            ("Logging__LogLevel__System.Net.Http", level == "Trace" ? level : "Warning"),
            ("Registration__Mode", "token"),
            ("Registration__Token", token),
            SharedServices.Forgiving
        );
        var operations = FuzzOperation.ReadAll(
            (await new ApiClient(service).GetAsync("/openapi.json")).MustBeOk().Body
        );

        foreach (var operation in operations)
        {
            await UseAsync(service, operation);
        }

        await UseDashboardAsync(service);
        await AskAsync(service, "GET", "/metrics");
        await AskAsync(service, "GET", "/health/ready");
        if (redis is not null)
        {
            await LoseStoreAsync(redis, service, operations);
        }

        var commandLine = await File.ReadAllTextAsync($"/proc/{service.ProcessId}/cmdline");
        var stored = redis is null ? "" : await DumpAsync(redis);
        Assert.That(await service.TerminateAsync(), Is.Zero);
        stored += Files(host.Directory);

        Assert.That(
            secrets,
            Has.Count.GreaterThan(2 + operations.Count),
            "Too few keys were made."
        );
        Assert.That(stored, Does.Contain("created_at"), "The store was not read.");
        MustNotHold("a log", service.Output, level == "Trace" ? secrets : [.. secrets, .. strays]);
        MustNotHold("a response", $"{answers}", [.. secrets, .. strays]);
        MustNotHold("the store", stored, [.. secrets, .. strays]);
        MustNotHold("the command line", commandLine, [.. secrets, .. strays]);
    }

    /// <summary>Signs in correctly and incorrectly, loads pages and signs out.</summary>
    private async Task UseDashboardAsync(Service service)
    {
        var key = await NewKeyAsync(service, secrets);
        var person = new DashboardVisitor(service);
        foreach (var entered in new[] { key[..^1], key })
        {
            answers.Append((await person.SignInAsync(entered, "/dashboard/logs")).Text);
        }

        Assert.That(person.HasSession, Is.True);
        answers.Append((await person.GetAsync("/dashboard/")).Text);
        answers.Append((await person.GetAsync("/dashboard/logs")).Text);
        answers.Append((await person.SignOutAsync()).Text);
    }

    /// <summary>Uses an operation correctly, and with a key that is wrong or in the wrong place.</summary>
    private async Task UseAsync(Service service, FuzzOperation operation)
    {
        var key = await NewKeyAsync(service, secrets);
        // The last letter belongs to the checksum: the secret is complete.
        var mistyped = key[..^1] + (key[^1] == 'A' ? 'B' : 'A');
        var right = FuzzRequests.Right(operation, key: null);
        var body = operation.Body is null ? null : Encoding.UTF8.GetString(right.Body);
        var (method, target) = (right.Method, right.Target);
        (string, string)[] token = [("X-Registration-Token", this.token)];

        await AskAsync(service, method, target, body, [("X-API-Key", mistyped), .. token]);
        await AskAsync(service, method, target, body, [("X-API-Key", $"{key},{key}"), .. token]);
        await AskAsync(service, method, target, body, [("Authorization", $"ApiKey {key}")]);
        await AskAsync(service, method, target, body, [("Cookie", $"key={key}")]);
        await AskAsync(service, method, target, "{", [("X-API-Key", key), .. token]);
        await AskAsync(service, method, target, $"\"{key}\"", [("X-API-Key", key), .. token]);
        if (body is not null)
        {
            await AskAsync(
                service,
                method,
                target,
                $$"""{"api_key":"{{key}}",{{body.TrimStart()[1..]}}""",
                [("X-API-Key", key), .. token]
            );
        }

        var stray = await NewKeyAsync(service, strays);
        await AskAsync(
            service,
            method,
            $"{target}{(target.Contains('?') ? '&' : '?')}api_key={stray}",
            body,
            [("X-API-Key", key), .. token]
        );
        await AskAsync(service, method, $"{right.Target}/{stray}", body, [("X-API-Key", key)]);
        foreach (var (name, _) in operation.Query)
        {
            await AskAsync(
                service,
                method,
                $"{operation.Path}?{name}={stray}&{name}={stray}",
                null,
                [("X-API-Key", key)]
            );
        }

        // Last, because it may revoke the key.
        await AskAsync(service, method, target, body, [("X-API-Key", key), .. token]);
    }

    /// <summary>Makes the store reject the service's password for a while.</summary>
    private async Task LoseStoreAsync(
        RedisServer redis,
        Service service,
        IReadOnlyList<FuzzOperation> operations
    )
    {
        var key = await NewKeyAsync(service, secrets);
        await using var connection = await ConnectAsync(redis, password);
        var server = connection.GetServer(redis.Host, redis.Port);
        await server.ConfigSetAsync("requirepass", "another");
        // This connection stays, because it is the caller's.
        await server.ExecuteAsync("CLIENT", "KILL", "TYPE", "normal");
        await Poll.UntilAsync(
            "The service has not detected it.",
            TimeSpan.FromSeconds(30),
            async () => (await new ApiClient(service).GetAsync("/health/ready")).Status == 503
        );
        foreach (var operation in operations)
        {
            var right = FuzzRequests.Right(operation, key: null);
            await AskAsync(
                service,
                right.Method,
                right.Target,
                operation.Body is null ? null : Encoding.UTF8.GetString(right.Body),
                [("X-API-Key", key), ("X-Registration-Token", token)]
            );
        }

        await server.ConfigSetAsync("requirepass", password);
    }

    private async Task<string> NewKeyAsync(Service service, List<string> kept)
    {
        var client = await TestClient.RegisterAsync(service, token: token);
        await client.HasPolicyAsync("search", limit: 100, role: "free");
        Keep(client.Key, kept);
        return client.Key;
    }

    // The beginning of the random part suffices: not even half of it may appear.
    private static void Keep(string key, List<string> kept) =>
        kept.AddRange([key, key.Split('_')[2][..KeyPrefixLength]]);

    private async Task AskAsync(
        Service service,
        string method,
        string target,
        string? body = null,
        params (string Name, string Value)[] headers
    )
    {
        var answer = await new ApiClient(service).SendAsync(
            new HttpMethod(method),
            target,
            body,
            headers
        );
        var text = answer.Text;
        var isKeyMaker = KeyMakers.Contains($"{method} {target.Split('?')[0]}");
        if (answer.Status < 300 && isKeyMaker && ApiKey.Match(text) is { Success: true } made)
        {
            Keep(made.Value, secrets);
            text = text.Replace(made.Value, "", StringComparison.Ordinal);
        }

        var all = answer.Headers.Select(header => $"{header.Key}: {header.Value}");
        answers.AppendLine(
            $"{method} {Beginning(target)} {answer.Status} {string.Join(' ', all)} {text}"
        );

        static string Beginning(string target) => target.Split('?', '/')[1];
    }

    // One search for all of them: a log at Trace is long, and there are hundreds of forms.
    private static void MustNotHold(string place, string text, IEnumerable<string> secrets)
    {
        var forms = SearchValues.Create(
            [.. secrets.SelectMany(Forms)],
            StringComparison.OrdinalIgnoreCase
        );
        var at = text.AsSpan().IndexOfAny(forms);
        Assert.That(
            at,
            Is.EqualTo(-1),
            () => $"There is a secret in {place}: {text.Substring(Math.Max(0, at - 300), 300)}…"
        );
    }

    /// <summary>A text unchanged, URL-encoded, and in base64 at every alignment.</summary>
    private static IEnumerable<string> Forms(string secret)
    {
        yield return secret;
        yield return Uri.EscapeDataString(secret);
        yield return Convert.ToHexString(Encoding.UTF8.GetBytes(secret));
        for (var before = 0; before < 3; before++)
        {
            byte[] bytes = [.. new byte[before], .. Encoding.UTF8.GetBytes(secret)];
            // Characters that encode neighbouring bytes are cut off, on both sides.
            var whole = Convert.ToBase64String(bytes[..^(bytes.Length % 3)]);
            yield return whole[(before == 0 ? 0 : 4)..];
        }
    }

    private async Task<RedisServer> ProtectedRedisAsync()
    {
        var redis = await RedisServer.StartAsync(ownProcess: true);
        await using var connection = await ConnectAsync(redis, null);
        await connection.GetServer(redis.Host, redis.Port).ConfigSetAsync("requirepass", password);
        return redis;
    }

    private static async Task<ConnectionMultiplexer> ConnectAsync(
        RedisServer redis,
        string? password
    ) =>
        await ConnectionMultiplexer.ConnectAsync(
            new ConfigurationOptions
            {
                EndPoints = { { redis.Host, redis.Port } },
                Password = password,
                AllowAdmin = true,
            }
        );

    /// <summary>All names and values.</summary>
    private async Task<string> DumpAsync(RedisServer redis)
    {
        await using var connection = await ConnectAsync(redis, password);
        var database = connection.GetDatabase();
        var dump = new StringBuilder();
        await foreach (var key in connection.GetServer(redis.Host, redis.Port).KeysAsync())
        {
            dump.Append(CultureInfo.InvariantCulture, $"{key} ");
            var values = await database.KeyTypeAsync(key) switch
            {
                RedisType.Hash => (await database.HashGetAllAsync(key)).Select(entry => $"{entry}"),
                RedisType.List => (await database.ListRangeAsync(key)).Select(entry => $"{entry}"),
                RedisType.String => [$"{await database.StringGetAsync(key)}"],
                RedisType.SortedSet => (await database.SortedSetRangeByRankAsync(key)).Select(e =>
                    $"{e}"
                ),
                RedisType.Set => (await database.SetMembersAsync(key)).Select(e => $"{e}"),
                var other => throw new InvalidOperationException($"{key} is of type {other}."),
            };
            dump.AppendJoin(' ', values).AppendLine();
        }

        return $"{dump}";
    }

    /// <summary>The contents of files, one character per byte.</summary>
    private static string Files(string directory) =>
        string.Concat(
            Directory
                .EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file)))
        );

    [GeneratedRegex("rl_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}")]
    private static partial Regex ApiKey { get; }
}
