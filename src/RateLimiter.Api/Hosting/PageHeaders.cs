namespace RateLimiter.Api.Hosting;

/// <summary>What a browser may do with a page of this service.</summary>
internal static class PageHeaders
{
    // Scripts come from files of this service alone, never from the page itself. The page talks to this service only, and
    // nobody can put it into a frame. data: is for the pictures in Swagger UI's styles.
    public const string OfDocs =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // As above, with forms, fonts and a base address. Charts and grids place their parts with styles of their own.
    public const string OfDashboard =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        + "font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Adds the headers to all that follows: put it before what serves pages, in a branch of their own.</summary>
    public static void UsePageHeaders(
        this IApplicationBuilder pages,
        string contentSecurityPolicy,
        string referrerPolicy
    ) =>
        pages.Use(
            (context, next) =>
            {
                var headers = context.Response.Headers;
                headers.ContentSecurityPolicy = contentSecurityPolicy;
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = referrerPolicy;
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                headers["Permissions-Policy"] =
                    "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
                return next(context);
            }
        );
}
