using System.Net;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace RateLimiting.Client;

/// <summary>
/// What is tried again: never what may have counted. A time-out, an answer that broke off, and a 503 leave open whether a
/// check has taken its permits; that there was no connection does not, and neither does a 429. The wait that a 429 asks for
/// is seconds, though, which nobody waits who waits for a check.
/// </summary>
internal static class RetryRules
{
    public static HttpRetryStrategyOptions For(RateLimiterClientOptions options) =>
        new()
        {
            MaxRetryAttempts = options.MaxRetries,
            Delay = options.RetryDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            // What a 429 asks for is waited for below, and of a 503 as long as after any other failure.
            ShouldRetryAfterHeader = false,
            DelayGenerator = arguments =>
                ValueTask.FromResult(Wait(arguments.Outcome.Result, options)),
            ShouldHandle = arguments =>
                ValueTask.FromResult(
                    IsTriedAgain(arguments.Outcome, arguments.Context.GetRequestMessage()!, options)
                ),
        };

    private static bool IsTriedAgain(
        Outcome<HttpResponseMessage> outcome,
        HttpRequestMessage request,
        RateLimiterClientOptions options
    )
    {
        if (outcome.Result is { StatusCode: HttpStatusCode.TooManyRequests } refused)
        {
            return !CheckPaths.IsCheck(request) && Wait(refused, options) is not null;
        }

        // While the circuit is open, another attempt would not be sent either.
        if (outcome.Exception is Polly.CircuitBreaker.BrokenCircuitException)
        {
            return false;
        }

        return outcome.Exception is { } exception
            ? Failures.IsUnsent(exception)
                || (Failures.IsNoAnswer(exception) && Failures.IsRepeatable(request))
            : Failures.IsOutage((int)outcome.Result!.StatusCode) && Failures.IsRepeatable(request);
    }

    /// <summary>How long a 429 asks to wait, if that is not too long.</summary>
    private static TimeSpan? Wait(
        HttpResponseMessage? response,
        RateLimiterClientOptions options
    ) =>
        response
            is { StatusCode: HttpStatusCode.TooManyRequests, Headers.RetryAfter.Delta: { } wait }
        && wait <= options.MaxRetryAfter
            ? wait
            : null;
}
