namespace RateLimiter.Api.Hosting;

/// <summary>
/// Answers HEAD wherever GET is answered, by doing what GET does and leaving the body out. Routes say GET alone, so that the
/// OpenAPI document has each operation once.
/// </summary>
internal static class HeadRequests
{
    public static Task AnswerAsGetAsync(HttpContext context, RequestDelegate next) =>
        HttpMethods.IsHead(context.Request.Method) ? AnswerAsync(context, next) : next(context);

    /// <summary>Whether nobody reads the body: what has no end must not be begun.</summary>
    public static bool IsHead(this HttpContext context) =>
        context.Features.Get<HeadFeature>() is not null;

    /// <summary>Says of a path that answers GET that it answers HEAD too.</summary>
    public static void CompleteAllow(HttpResponse response)
    {
        var allowed = response.Headers.GetCommaSeparatedValues("Allow");
        if (allowed.Contains(HttpMethods.Get) && !allowed.Contains(HttpMethods.Head))
        {
            response.Headers.Allow = string.Join(", ", allowed.Append(HttpMethods.Head));
        }
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        context.Features.Set(new HeadFeature());
        context.Request.Method = HttpMethods.Get;
        // The server leaves a body out itself, but over HTTP/2 not one that is written through the pipe: the stream would break.
        context.Response.Body = Stream.Null;
        try
        {
            await next(context);
        }
        finally
        {
            // What was asked, for those who measure it.
            context.Request.Method = HttpMethods.Head;
        }
    }

    private sealed class HeadFeature;
}
