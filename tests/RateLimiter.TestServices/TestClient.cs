using System.Text.Json;

namespace RateLimiter.TestServices;

/// <summary>A separate tenant with its API key.</summary>
public sealed class TestClient : ApiClient
{
    private TestClient(Service service, string key, string id)
        : base(service)
    {
        Key = key;
        Id = id;
    }

    public string Key { get; }

    public string Id { get; }

    /// <summary>Registers a new tenant.</summary>
    /// <param name="service">The service.</param>
    /// <param name="forwardedFor">The header X-Forwarded-For, as a proxy would write it.</param>
    /// <param name="token">The registration token, if one is required.</param>
    public static async Task<TestClient> RegisterAsync(
        Service service,
        string? forwardedFor = null,
        string? token = null
    )
    {
        var answer = await AnsweredAsync(() =>
            new ApiClient(service).RegisterAsync("A test", forwardedFor, token)
        );
        return Of(service, answer);
    }

    /// <summary>The tenant of a registration response.</summary>
    public static TestClient Of(Service service, Answer registered) =>
        new(service, registered["api_key"].GetString()!, registered["client_id"].GetString()!);

    /// <summary>The same tenant on another service.</summary>
    public TestClient On(Service other) => new(other, Key, Id);

    /// <summary>The same tenant with another key.</summary>
    public TestClient With(string key) => new(Service, key, Id);

    /// <summary>The same tenant on another service that has just started, once that is available.</summary>
    public async Task<TestClient> OnceOnAsync(Service other)
    {
        var client = On(other);
        await AnsweredAsync(() => client.GetAsync("/policy"));
        return client;
    }

    public Task<Answer> CheckAsync(
        string userId,
        string routeKey,
        string? role = null,
        long? cost = null
    ) =>
        PostAsync(
            "/check",
            new Json
            {
                ["user_id"] = userId,
                ["route_key"] = routeKey,
                ["role"] = role,
                ["cost"] = cost,
            }.ToString()
        );

    public Task<Answer> SavePolicyAsync(
        string routeKey,
        long limit,
        long windowSeconds = 3600,
        string? role = null,
        string? description = null,
        bool? isActive = null
    ) =>
        PostAsync(
            "/policy",
            new Json
            {
                ["route_key"] = routeKey,
                ["limit"] = limit,
                ["window_seconds"] = windowSeconds,
                ["role"] = role,
                ["description"] = description,
                ["is_active"] = isActive,
            }.ToString()
        );

    /// <summary>Saves a policy as a precondition of the test.</summary>
    public async Task HasPolicyAsync(
        string routeKey,
        long limit,
        long windowSeconds = 3600,
        string? role = null,
        bool? isActive = null
    ) =>
        await AnsweredAsync(() =>
            SavePolicyAsync(routeKey, limit, windowSeconds, role, isActive: isActive)
        );

    public Task<Answer> DeletePolicyAsync(string routeKey, string? role = null) =>
        SendAsync(
            HttpMethod.Delete,
            "/policy",
            new Json { ["route_key"] = routeKey, ["role"] = role }.ToString()
        );

    /// <summary>Deletes the tenant.</summary>
    public Task<Answer> DeleteAsync() => SendAsync(HttpMethod.Delete, "/client");

    /// <summary>The policies, as the service lists them.</summary>
    public async Task<IReadOnlyList<JsonElement>> PoliciesAsync(string query = "") =>
        [.. (await GetAsync($"/policy{query}")).MustBeOk().Body.EnumerateArray()];

    /// <summary>The log, as the service lists it.</summary>
    public async Task<IReadOnlyList<JsonElement>> LogsAsync(string query = "?limit=1000") =>
        [.. (await GetAsync($"/logs/latest{query}")).MustBeOk().Body.EnumerateArray()];

    /// <summary>The remaining permits, from a check of cost 0.</summary>
    public async Task<long> RemainingAsync(string userId, string routeKey, string? role = null) =>
        (await CheckAsync(userId, routeKey, role, cost: 0)).MustBeOk().Remaining;

    // On a busy machine, the first calls to a service take longer than its store timeout.
    private static async Task<Answer> AnsweredAsync(Func<Task<Answer>> ask)
    {
        Answer? answer = null;
        await Poll.UntilAsync(
            "The service cannot reach its store.",
            TimeSpan.FromSeconds(30),
            async () => (answer = await ask()).Status != 503
        );
        return answer!.MustBeOk();
    }

    protected override void Prepare(HttpRequestMessage request) =>
        request.Headers.TryAddWithoutValidation("X-API-Key", Key);
}
