using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;

namespace RateLimiter.Api.Http.Json;

/// <summary>An empty text in a query is an empty text, as it is in a body, and not one left out.</summary>
internal sealed class ExactTextMetadataProvider : IDisplayMetadataProvider
{
    public void CreateDisplayMetadata(DisplayMetadataProviderContext context)
    {
        if (context.Key.ModelType == typeof(string))
        {
            context.DisplayMetadata.ConvertEmptyStringToNull = false;
        }
    }
}
