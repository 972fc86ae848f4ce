using System.Globalization;
using System.Runtime.CompilerServices;
using RateLimiting.Client;

var builder = WebApplication.CreateBuilder(args);

// Set RateLimiter__BaseAddress and RateLimiter__ApiKey in the environment. The service needs a policy for the route "chat": see
// README.md.
builder.Services.AddRateLimiterClient(builder.Configuration.GetSection("RateLimiter"));

var app = builder.Build();
app.MapPost("/chat", ChatAsync);
app.Run();

static async Task ChatAsync(ChatRequest request, HttpContext context, IRateLimiterClient limiter)
{
    var (response, gone) = (context.Response, context.RequestAborted);
    var prompt = Model.CountTokens(request.Prompt);
    var check = new RateLimitCheck($"{context.Request.Headers["X-User"]}", "chat")
    {
        // Nobody knows how long the answer will be. What is not used is given back.
        Cost = prompt + request.MaxTokens,
        Subjects = new Dictionary<string, string>
        {
            ["org"] = $"{context.Request.Headers["X-Organisation"]}",
        },
    };
    // It is extended as long as the answer takes. If this process dies, everything comes back after 30 seconds.
    await using var reservation = await limiter.ReserveAsync(
        check,
        new RateLimitReservationOptions { TimeToLive = TimeSpan.FromSeconds(30) },
        gone
    );
    if (!reservation.Decision.Allowed)
    {
        response.StatusCode = StatusCodes.Status429TooManyRequests;
        if (reservation.Decision.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds)
                .ToString(CultureInfo.InvariantCulture);
        }

        return;
    }

    var used = prompt;
    try
    {
        await foreach (var token in Model.AnswerAsync(request.Prompt, request.MaxTokens, gone))
        {
            used++;
            await response.WriteAsync($"{token} ", gone);
            await response.Body.FlushAsync(gone);
        }
    }
    catch (OperationCanceledException) when (gone.IsCancellationRequested)
    {
        // The caller has gone, and pays for what was made.
    }
    finally
    {
        await reservation.CommitAsync(used, cancellationToken: CancellationToken.None);
    }
}

internal sealed record ChatRequest(string Prompt, int MaxTokens = 200);

/// <summary>Stands for a real model: it repeats the prompt, word by word.</summary>
internal static class Model
{
    private static readonly TimeSpan TimeForToken = TimeSpan.FromMilliseconds(20);

    public static int CountTokens(string text) => text.Split(' ').Length;

    public static async IAsyncEnumerable<string> AnswerAsync(
        string prompt,
        int maxTokens,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        foreach (var word in prompt.Split(' ').Take(maxTokens))
        {
            await Task.Delay(TimeForToken, cancellationToken);
            yield return word;
        }
    }
}
